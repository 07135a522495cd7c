"""The parts of `TopicModel`: what it does with texts and with its topics."""
