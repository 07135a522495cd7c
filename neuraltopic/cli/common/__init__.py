"""The parts that several commands share: options, groups of options, help, notes and printing."""
