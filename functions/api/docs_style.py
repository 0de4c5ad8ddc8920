"""How the page of `docs_page` is built and looks: HTML and CSS, with the places that are filled in."""

PAGE = """\
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
<p>The same for programs: <a href="openapi.json">openapi.json</a>. The examples begin with:</p>
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
