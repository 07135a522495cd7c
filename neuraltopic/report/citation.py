"""Citation of a run: a paragraph for a methods section, and a BibTeX entry."""

from typing import Any


def methods(facts: dict[str, Any], model: dict[str, Any], n_edits: int) -> str:
    """Description of the fit for a methods section."""
    sizes, rows = facts["sizes"], facts["rows"]
    lost = sum(rows.values()) - sizes["documents"]
    left_out = f" ({lost:,} of {sum(rows.values()):,} rows were left out)" if lost else ""
    edited = f" The topics were then edited, {n_edits} edit{'s' * (n_edits != 1)} in all." if n_edits else ""
    return (
        f"Topics were estimated with neuraltopic {model['neuraltopic']} (recipe {model['recipe']}, "
        f"K = {sizes['topics']:,}, seed {facts['parameters']['random_state']}) from {sizes['documents']:,} documents"
        f"{left_out} of {sizes['tokens']:,} tokens over a vocabulary of {sizes['words']:,} words, "
        f"trained for {facts['epochs']:,} epochs. SHA-256 of the documents: {facts['corpus_sha256']}.{edited}"
    )


def bibtex(facts: dict[str, Any], model: dict[str, Any]) -> str:
    """BibTeX entry of the software, with the version of the fit."""
    version = model["neuraltopic"]
    return (
        f"@software{{neuraltopic,\n  author  = {{{{The neuraltopic developers}}}},\n"
        f"  title   = {{neuraltopic: neural topic models of documents}},\n"
        f"  version = {{{version}}},\n  year    = {{{facts['finished'][:4]}}}\n}}"
    )
