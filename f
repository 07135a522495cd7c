oven;1
sauce;2
