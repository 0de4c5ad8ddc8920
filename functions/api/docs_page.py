"""The OpenAPI document as a page to read: plain HTML that fetches nothing, in light and dark, on a phone, too.

What it says comes from the document alone. The only script writes this server's address into the first example.
"""

import json
import re
from collections.abc import Iterator, Mapping
from html import escape
from string import Template
from typing import Any

from functions.api.docs_style import PAGE

type Json = Mapping[str, Any]


def render(document: Json) -> str:
    """Return the page."""
    groups: dict[str, list[str]] = {tag["name"]: [] for tag in document["tags"]}
    links: dict[str, list[str]] = {name: [] for name in groups}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            group = operation["tags"][0]
            groups[group].append(_operation(method.upper(), path, operation, document))
            title = f'<a href="#{operation["operationId"]}"><b>{method.upper()}</b> {escape(path)}</a>'
            links[group].append(title)
    info = document["info"]
    return Template(PAGE).substitute(
        title=escape(info["title"]),
        version=escape(info["version"]),
        description="".join(f"<p>{_prose(part)}</p>" for part in info["description"].split("\n\n")),
        prefix=escape(document["servers"][0]["url"].rstrip("/")),
        contents="".join(f"<li>{escape(name)}<br>{'<br>'.join(links[name])}</li>" for name in groups),
        operations="".join(f"<h2>{escape(name)}</h2>{''.join(groups[name])}" for name in groups),
    )


def outline(schema: Json, document: Json, indent: str = "") -> str:
    """Return a schema in short, as JSON with types in place of values."""
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]] | {
            key: value for key, value in schema.items() if key != "$ref"
        }
    if "anyOf" in schema:
        return " or ".join(outline(one, document, indent) for one in schema["anyOf"])
    if "enum" in schema:
        return " | ".join(json.dumps(value) for value in schema["enum"])
    kind = schema.get("type", "anything")
    if kind == "object":
        return _object(schema, document, indent)
    if kind == "array":
        count = schema.get("minItems")
        number = f"{count} × " if count is not None and count == schema.get("maxItems") else ""
        return f"[{number}{outline(schema.get('items', {}), document, indent)}{'' if number else ', …'}]"
    if schema.get("format") == "binary":
        return "bytes"
    return f"{kind}{_limits(schema)}"


def _object(schema: Json, document: Json, indent: str) -> str:
    deeper = f"{indent}  "
    if "properties" not in schema:
        return f'{{"…": {outline(schema.get("additionalProperties", {}), document, deeper)}}}'
    required = schema.get("required", [])
    lines = [
        f'{deeper}"{name}"{"" if name in required else "?"}: {outline(inner, document, deeper)}'
        for name, inner in schema["properties"].items()
    ]
    return "{\n" + ",\n".join(lines) + f"\n{indent}}}"


def _limits(schema: Json) -> str:
    low = schema.get("minimum", schema.get("exclusiveMinimum"))
    if low is None:
        return ""
    above = "above " if "exclusiveMinimum" in schema else ""
    return f" {above}{low} to {schema['maximum']}" if "maximum" in schema else f" from {low}"


def _operation(method: str, path: str, operation: Json, document: Json) -> str:
    summary = operation["summary"] + ("" if operation["summary"].endswith("?") else ".")
    parts = [
        f'<section id="{operation["operationId"]}">',
        f'<h3><span class="{method.lower()}">{method}</span> <code>{escape(path)}</code></h3>',
        f"<p><strong>{_prose(summary)}</strong> {_prose(operation.get('description', ''))}</p>",
        "<p>Needs the token where one is set.</p>" if "security" in operation else "",
        f"<pre>{escape(operation['x-codeSamples'][0]['source'])}</pre>",
        _parameters(operation["parameters"], document),
        _body(operation.get("requestBody"), document),
        _answers(operation["responses"], document),
        "</section>",
    ]
    return "".join(parts)


def _parameters(parameters: list[Json], document: Json) -> str:
    if not parameters:
        return ""
    rows = [
        f"<dt><code>{escape(one['name'])}</code> <small>{one['in']}, {escape(outline(one['schema'], document))}"
        f"{_default(one['schema'])}</small></dt><dd>{_prose(one['description'])}</dd>"
        for one in parameters
    ]
    return f"<h4>Parameters</h4><dl>{''.join(rows)}</dl>"


def _default(schema: Json) -> str:
    return f", else {escape(str(schema['default']))}" if "default" in schema else ""


def _body(body: Json | None, document: Json) -> str:
    return f"<h4>Body</h4>{''.join(_formats(body['content'], document))}" if body else ""


def _answers(responses: Json, document: Json) -> str:
    good, bad = [], []
    for status, answer in responses.items():
        line = f"<dt>{status}</dt><dd>{_prose(answer['description'])}{_header_names(answer)}"
        if int(status) < 400:
            good.append(f"{line}{''.join(_formats(answer.get('content', {}), document))}</dd>")
        else:
            bad.append(f"{line}</dd>")
    return (
        f"<h4>Answers</h4><dl>{''.join(good)}</dl>"
        f"<details><summary>Errors: {', '.join(s for s in responses if int(s) >= 400)}</summary>"
        f"<dl>{''.join(bad)}</dl></details>"
    )


def _header_names(answer: Json) -> str:
    names = [f"<code>{escape(name)}</code>" for name in answer.get("headers", {})]
    return f" <small>Headers: {', '.join(names)}</small>" if names else ""


def _formats(content: Json, document: Json) -> Iterator[str]:
    for media_type, media in content.items():
        shape = outline(media["schema"], document)
        if shape == "bytes":
            yield f"<p><code>{escape(media_type)}</code></p>"
        else:
            yield f"<p><code>{escape(media_type)}</code></p><pre>{escape(shape)}</pre>"


def _prose(text: str) -> str:
    """Return text as HTML; what stands in backticks is code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text, quote=False))
