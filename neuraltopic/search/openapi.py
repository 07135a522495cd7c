"""What the server offers, in OpenAPI 3.1."""

from typing import Any

from neuraltopic.topics.retrieval.hybrid_ranking import BY
from neuraltopic.version import __version__


def description(most_hits: int, most_skipped: int, most_characters: int) -> dict[str, Any]:
    """The OpenAPI document.

    Parameters
    ----------
    most_hits, most_skipped, most_characters : int
        The limits in force.
    """
    text: dict[str, Any] = {"type": "string", "maxLength": most_characters}
    options: dict[str, tuple[dict[str, Any], str]] = {
        "n": ({"type": "integer", "minimum": 1, "maximum": most_hits, "default": 10}, "Hits on the page."),
        "skip": ({"type": "integer", "minimum": 0, "maximum": most_skipped, "default": 0}, "Hits to pass over."),
        "by": (
            {"type": "string", "enum": list(BY), "default": "hybrid"},
            "What the score is of: all that is known of the query, or one of them.",
        ),
        "like": (text, "The id of a document, in place of a query."),
        "topic": ({"type": "integer", "minimum": 0}, "A topic, in place of a query."),
        "where": (text, "A filter such as: year >= 2015 and section = 'sport'."),
    }
    parameters = {"q": (text, "The query."), **options}
    members = {"query": (text, "The query."), **options}
    body = {"type": "object", "properties": {name: _described(*known) for name, known in members.items()}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "neuraltopic search", "version": __version__},
        "paths": {
            "/health": {"get": {"summary": "Whether the server answers.", "responses": _responses({"type": "object"})}},
            "/search": {
                "get": {
                    "summary": "Find documents.",
                    "parameters": [
                        {"name": name, "in": "query", "schema": schema, "description": said}
                        for name, (schema, said) in parameters.items()
                    ],
                    "responses": _responses(_answer()),
                },
                "post": {
                    "summary": "Find documents.",
                    "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
                    "responses": _responses(_answer()),
                },
            },
            "/documents/{id}": {
                "get": {
                    "summary": "One document.",
                    "parameters": [{"name": "id", "in": "path", "required": True, "schema": text}],
                    "responses": {**_responses({"type": "object"}), "404": _failure("No document has this id.")},
                }
            },
            "/topics": {"get": {"summary": "The table of topics.", "responses": _responses({"type": "object"})}},
        },
    }


def _described(schema: dict[str, Any], said: str) -> dict[str, Any]:
    return {**schema, "description": said}


def _answer() -> dict[str, Any]:
    number, text = {"type": "number"}, {"type": "string"}
    parts = {"type": "object", "additionalProperties": number}
    hit = {
        "rank": {"type": "integer"},
        "score": number,
        "id": text,
        "topic": {"type": "integer"},
        "label": text,
        "snippet": text,
        "marked": {"type": "array", "items": {"type": "array", "items": {"type": "integer"}}},
        "words": parts,
        "topics": parts,
        "embedding": number,
    }
    return {
        "type": "object",
        "properties": {
            "query": text,
            "by": text,
            "found": {"type": "integer"},
            "hits": {"type": "array", "items": {"type": "object", "properties": hit}},
            "unknown": {"type": "object"},
            "notes": {"type": "array", "items": text},
        },
    }


def _responses(schema: dict[str, Any]) -> dict[str, Any]:
    return {
        "200": {"description": "The answer.", "content": {"application/json": {"schema": schema}}},
        "400": _failure("The request is wrong; error says what was expected."),
        "503": _failure("Too many searches at once."),
        "504": _failure("The search took too long."),
    }


def _failure(said: str) -> dict[str, Any]:
    schema = {"type": "object", "properties": {"error": {"type": "string"}}}
    return {"description": said, "content": {"application/json": {"schema": schema}}}
