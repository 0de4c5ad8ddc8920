"""The OpenAPI document as a page to read: plain HTML that fetches nothing, in light and dark, also on a phone.

All it says comes from the document. The only script writes this server's address into the first example.
"""

import json
import re
from collections.abc import Iterator, Mapping
from html import escape
from string import Template
from typing import Any

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
    return Template(_PAGE).substitute(
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
    if "prefixItems" in schema:
        return f"[{', '.join(outline(one, document, indent) for one in schema['prefixItems'])}]"
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


# HTML and CSS, with the places that are filled in.
_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>$title: the API</title>
<style>
:root { --paper: #fcfbf8; --ink: #1f2328; --muted: #5c636b; --line: #dcd9d0; --sunken: #f2f0ea; --accent: #1f5fbf;
  --get: #1f6f43; --post: #1f5fbf; --patch: #8a5a00; --delete: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --paper: #16181b; --ink: #e6e4df; --muted: #a0a6ad; --line: #33373c;
  --sunken: #1f2226; --accent: #8ab4f8; --get: #7fd1a3; --post: #8ab4f8; --patch: #f0b955; --delete: #ff8a80; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 52rem; padding: 1.5rem 1rem 4rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.55 system-ui, sans-serif; overflow-wrap: break-word; }
h1 { margin: 0; } h1 small, small { color: var(--muted); font-weight: normal; font-size: .875rem; }
h2 { margin: 3rem 0 0; } h3 { margin: 0; font-size: 1.1rem; } h4 { margin: 1.25rem 0 .25rem; }
section { border-top: 1px solid var(--line); padding: 1.25rem 0; margin-top: 1rem; }
section:target h3 { outline: 2px solid var(--accent); outline-offset: 4px; }
a { color: var(--accent); }
code, pre, nav b { font: .875rem/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
pre { background: var(--sunken); border: 1px solid var(--line); border-radius: 6px; padding: .75rem; overflow-x: auto;
  margin: .5rem 0; }
h3 code, nav a, p code { overflow-wrap: anywhere; }
nav ul { list-style: none; padding: 0; display: grid; gap: 1rem; font-weight: 600;
  grid-template-columns: repeat(auto-fill, minmax(min(22rem, 100%), 1fr)); }
nav a { font-weight: normal; text-decoration: none; display: inline-block; padding: .1rem 0; }
nav a:hover { text-decoration: underline; }
dl { margin: 0; } dt { font-weight: 600; margin-top: .5rem; } dd { margin: 0 0 0 1.25rem; } p { margin: .5rem 0; }
summary { cursor: pointer; margin-top: 1rem; padding: .25rem 0; color: var(--muted); }
.get { color: var(--get); } .post { color: var(--post); }
.patch { color: var(--patch); } .delete { color: var(--delete); }
</style>
</head>
<body>
<header>
<h1>$title <small>API, version $version</small></h1>
$description
<p>The same for programs: <a href="openapi.json">openapi.json</a>. The examples start with:</p>
<pre id="address">API=http://localhost:8000$prefix</pre>
</header>
<nav aria-label="Operations"><ul>$contents</ul></nav>
<main>$operations</main>
<script>
document.getElementById("address").textContent = "API=" + location.href.replace(/\\/docs.*/, "");
</script>
</body>
</html>
"""
