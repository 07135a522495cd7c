"""From a form in a text to the word that is counted: one spelling for each word."""
