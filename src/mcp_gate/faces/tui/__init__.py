"""The reviewer's screen in a terminal. It talks to the review API as anyone does, and knows neither gate nor store."""
