"""Large messages are read and looked at here: in processes of the gate's own, so that its loop never holds one open."""
