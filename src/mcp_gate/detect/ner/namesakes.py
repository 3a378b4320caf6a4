"""Things that bear the names of people: what the network takes for somebody, and what tells that it is nobody."""

from __future__ import annotations

from typing import Final

from mcp_gate.detect.fieldrules import words

NEVER: Final = words(
    "Tesla Ferrari Lamborghini Porsche Peugeot Renault Citroën Citroen Bugatti Maserati Honda Toyota Suzuki Yamaha "
    "Kawasaki Chevrolet Cadillac Buick Volkswagen Skoda Škoda Audi Nissan Mazda Hyundai Volvo Scania Siemens Bosch "
    "Philips Sony Nintendo Panasonic Samsung Lenovo Dell Nokia Ericsson Huawei Xiaomi Logitech Garmin Fitbit Gucci "
    "Prada Versace Chanel Hermès Adidas Puma Nike Reebok Lacoste Levis Ikea Lidl Aldi Walmart Costco Starbucks "
    "McDonalds Nestlé Nestle Heineken Guinness Carlsberg Pepsi Lufthansa Ryanair Maersk Boeing Airbus Zalando "
    "Shopify Stripe Klarna Adyen Revolut Paypal PayPal Netflix Spotify Disney Pixar Lego Barbie Siri Cortana Bixby "
    "Kafka Jupyter Jenkins Django Hibernate Lombok Guava Jira Wiki Zookeeper Ubuntu Debian Kubernetes "
    "Terraform Ansible Grafana Prometheus Nomad Istio Redis Postgres Mongo Couchbase Neo4j Elastic Kibana Logstash "
    "Fluentd Jaeger Zipkin Tempo Spark Hadoop Hive Flink Airflow Pandas Numpy Pytorch Keras Flask Celery Sinatra "
    "Rails Laravel Symfony Drupal Joomla Magento Typo3 Angular Svelte Webpack Babel Eslint Gradle Maven Nexus "
    "Bazel Buildkite Woodpecker Gitea Codeberg Okta Keycloak Sentry Datadog Splunk Nagios Zabbix Puppet Vagrant "
    "Packer Podman Nginx Traefik Caddy Haproxy Varnish Haskell Erlang Elixir Kotlin Clojure Fortran Cobol Ocaml "
    "Perl Raku Cypress Selenium Playwright Jest Mocha Cucumber Gherkin Figma Trello Asana Confluence Zendesk "
    "Salesforce Hubspot Mailchimp Twilio Intercom Skype Discord Telegram Firefox Safari Chromium Vivaldi "
    "Thunderbird Android Windows Cisco Fortinet Sophos Kaspersky Photoshop Illustrator Lightroom Acrobat "
    "Powerpoint Sharepoint Onenote Spanner Lambda Fargate Redshift Snowflake Databricks Looker Tableau Metabase "
    "Superset Ceph Samba Dijkstra Kalman Fibonacci Gauss Gaussian Fourier Laplace Laplacian Bayesian Markov Pareto "
    "Gantt Kanban Bernoulli Poisson Euler Hilbert Riemann Lagrange Hamming Huffman Levenshtein Bellman-Ford "
    "Floyd-Warshall Kruskal Turing Nobel Pulitzer Celsius Fahrenheit Ampere Volt Ohm Hertz Harley-Davidson "
    "Rolls-Royce Mercedes-Benz Hewlett-Packard Coca-Cola Sarbanes-Oxley Dodd-Frank Glass-Steagall Zeiss Leica "
    "Nikon Olympus Rolex Swarovski Zippo Tupperware Kleenex Jacuzzi Velcro "
    "Fedora Bayes Cartier Loki CPython NumPy PyTorch MongoDB MariaDB RabbitMQ Zephyr Monterey "
    "Ventura Sonoma Bookworm Jammy Bullseye Buster Nougat Oreo "
    "Anthropic OpenAI Mistral Llama Gemini Copilot ChatGPT Bard Grok Qwen Whisper Embraer Cessna Sikorsky "
    "Chesterfield Adirondack Casablanca Bohemian Kilimanjaro Everest Matterhorn Sahara Himalaya Parmesan Cheddar "
    "Gouda Chianti Merlot Riesling Malbec Espresso Latte Mojito Margherita Carbonara Bolognese Stroganoff "
    "Alfredo-Sauce Labrador Rottweiler Dobermann Chihuahua Dalmatian Dachshund Schnauzer "
)
"""Names of firms, makes, programs, methods: alone, they are nobody's, or so seldom that it does not count."""

EITHER: Final = words(
    "Ruby Julia Cassandra Alexa Wendy Mason Cooper Baker Taylor Carter Jordan Martin Ford Mercedes Bentley Dodge "
    "Chase Stanley Maxwell Newton Wellington Victoria Lincoln Madison Houston Jackson Maria Ada Elm Dart Crystal "
    "Julius Apache Amber Basil Ginger Rosemary Sage Olive Hazel Jasmine Phoenix Mercury Apollo Hermes Atlas Iris "
    "Nova Jade Rose Pearl Jersey Virginia Carolina Georgia Florence Sofia Sydney Chelsea Brooklyn Austin Dallas "
    "Santiago Lovelace Hopper Curie Darwin Edison Franklin Kelvin Pascal Oscar Emmy Grammy Tony Penny Bill Mark "
    "Max Min Rich Will Grant Drew Art Frank Dean Duke Earl King Prince Pat Faith Hope Grace Joy Summer Autumn "
    "April May June August Travis Kent Norton Dell Wells Fargo Marshall Fender Gibson Johnson Wilson Black Decker "
    "Dyson Colt Miller Beck Wagner Bell Lee Ralph Lauren Calvin Klein Dior Armani Avery Sharp Canary Robin Jay "
    "Jack Jenny Linus Bourne Bash Korn Fish Hamlet Romeo Juliet Gatsby Ophelia Macbeth Sherlock Watson Zoolander "
    "Spock Gandalf Frodo Zelda Zara Kia Aurora Athena Miro Scala Pandora Tiffany Juniper Loki Gerrit Hercules "
    "Athene"
)
"""Words that are as often a thing as somebody: it takes a neighbour that is a thing, to know."""

PHRASES: Final = words(
    "Morgan_Stanley Wells_Fargo Warner_Bros Charles_Schwab Goldman_Sachs Lehman_Brothers Ralph_Lauren Calvin_Klein "
    "Tommy_Hilfiger Louis_Vuitton Christian_Dior Giorgio_Armani Yves_Saint_Laurent Hugo_Boss Jack_Daniels Jim_Beam "
    "Johnnie_Walker Dr_Pepper Dr_Martens Ben_Jerry Mary_Kay Estée_Lauder Helena_Rubinstein Max_Factor Jimmy_Choo "
    "Marc_Jacobs Michael_Kors Kate_Spade Tory_Burch Vera_Wang Eddie_Bauer Abercrombie_Fitch Victoria_Secret Uncle_Ben "
    "Aunt_Jemima Aunt_Bessie Betty_Crocker Sara_Lee Famous_Amos Mr_Clean Captain_Morgan Jose_Cuervo Tim_Hortons "
    "Papa_John Trader_Joe Burger_King Alfa_Romeo Aston_Martin Land_Rover Rolls_Royce Harley_Davidson Mercedes_Benz "
    "Django_Unchained Forrest_Gump Harry_Potter Jane_Eyre Anna_Karenina Tom_Sawyer Moby_Dick Don_Quixote Peter_Pan "
    "Robin_Hood Santa_Claus Mickey_Mouse Donald_Duck Jerry_Maguire Donnie_Darko Erin_Brockovich Billy_Elliot "
    "Mary_Poppins Monte_Carlo Earl_Grey Eggs_Benedict Bloody_Mary Tom_Collins Shirley_Temple Caesar_Salad Stan_Smith "
    "Chuck_Taylor Air_Jordan Granny_Smith Cox_Orange Pink_Lady King_Edward Black_Decker Merrill_Lynch Arthur_Andersen "
    "Ernst_Young Booz_Allen Johnson_Johnson Procter_Gamble Marks_Spencer Smith_Wesson Dolce_Gabbana Baskin_Robbins "
    "Dun_Bradstreet Bausch_Lomb Fisher_Price Ruby_Red Olive_Green Hazel_Brown Jira_Cloud Azure_Cosmos Apache_Kafka "
    "Apache_Cassandra Apache_Spark Java_Duke San_Jose San_Diego San_Antonio San_Francisco Santa_Clara Santa_Barbara "
    "Santa_Monica Saint_Louis St_Louis Los_Angeles Las_Vegas Fort_Worth Baton_Rouge Buenos_Aires São_Paulo Rio_Janeiro "
)
"""Names of more words, without the small ones between them."""

BEFORE: Final = words(
    "room cluster project projects codename code-name codenamed hurricane storm cyclone typhoon lake mount fort "
    "cape server machine repo repository branch module package library plugin framework database schema namespace "
    "pod zone warehouse restaurant hotel pub café cafe brand product film movie novel book album band theme font "
    "game bump upgrade upgraded install installed installing uninstall deploy deployed migrate migrated dependency "
    "dependencies st saint san santa los las uss hms ms operation mission satellite telescope planet asteroid "
    "crater comet theorem theory festival terminal platform firmware kernel region "
    "projekt projet proyecto progetto projeto raum saal salle sala serveur servidor gasthaus schloss stadt ville "
    "ciudad playlist "
)
"""Words before a name, in small or with a capital letter, that say that a thing bears it."""

AFTER: Final = words(
    "filter filters algorithm algorithms theorem theorems transform transforms kernel kernels chain chains "
    "distribution distributions matrix matrices chart charts board heap heaps tree trees code cluster clusters "
    "node nodes server servers host broker brokers topic topics queue queues pipeline pipelines plugin plugins "
    "module modules package packages library libraries framework frameworks database databases dataset datasets "
    "corpus instance instances container containers image pod pods repo repository runtime compiler interpreter "
    "parser migration migrations migrated upgraded release build cache index indexes dashboard dashboards template "
    "templates theme widget widgets sdk api apis cli client clients bindings integration integrations connector "
    "connectors job jobs workflow workflows script scripts suite engine engines model prize award awards medal "
    "equation equations laws number constant sequence curve test-suite tape boots shoes jeans shirt shirts jacket "
    "jackets bags guitar guitars amp car cars truck trucks bike bikes motorcycle razor salad pizza sandwich cake "
    "tea coffee sauce soup cookies beer wine whisky whiskey tumbler vacuum airwrap stadium arena tunnel tower "
    "square circle airport station museum gallery theatre theater university college school hospital hotel "
    "cathedral palace island islands county mountain mountains canyon desert avenue road law "
    "rollout rewrite outage backend frontend squad milestone epic prototype beta launch telescope coil effect "
    "shift point unit knife key screw screws screwdriver lamp lamps bed beds chair chairs sofa sofas desk shelf "
    "mug bottle tie knot lily rose disease syndrome fever hypothesis conjecture problem diagram bot assistant "
    "anlegen branch environment cutover terrier spaniel retriever bulldog cat dog rhapsody sonata concerto "
    "symphony opera waltz "
)
"""Words after a name that say the same."""

KEYS: Final = words(
    "product products item items article sku color colour colours city town village municipality county region "
    "state country countries warehouse location venue hotel restaurant airport station site brand make model bank "
    "hospital school university museum team project repo repository service application hostname server cluster "
    "node queue topic channel category categories kind type status priority severity level plan tier dish menu "
    "meal drink title campaign event department dept song album track movie film book novel game series breed "
    "species plant variety language framework tool software os platform theme font material flavor flavour "
    "ingredient ingredients course codename release environment env stage branch build image package module plugin "
    "component feature label labels tag tags vendor_name supplier_name merchant store shop chapter section "
    "appendix heading headline reviewed-on built-on powered-by engine driver browser device room storm hurricane "
    "ship vessel satellite award prize currency unit units metric template "
    "airline aircraft route train palette topping wine cheese movie_title book_title song_title genre stadium "
    "league club "
)
"""Names of fields and lines under which stand things; `name` and `owner` are none of them."""

LISTS: Final = words(
    "playlist menu rooms repos repositories products songs tracks movies films books brands cities towns "
    "countries locations offices servers hosts nodes clusters flavours flavors colours colors ingredients breeds "
    "teams tools frameworks languages plans modules packages libraries stations airports dishes drinks toppings "
    "ships planets stars mountains rivers lakes aircraft airline cars models vehicles currencies platforms "
    "browsers supported requirements dependencies keywords tags"
)
"""The last words of labels after which things are listed."""
