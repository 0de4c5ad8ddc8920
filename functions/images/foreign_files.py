"""Picture files that Scrawl does not read, recognised by their first bytes, each with what its owner can do.

`image_files` asks when Pillow does not know a file; nothing here opens one.
"""

_EXPORT = "export the picture as PNG or JPEG"
_BRANDS = {  # of files built like MP4, bytes 8 to 12
    "HEIC": ("heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1"),
    "AVIF": ("avif", "avis"),
    "a video": ("isom", "mp41", "mp42", "qt  ", "M4V ", "avc1", "iso2"),
}
_STARTS = {
    b"%PDF": "PDF",
    b"\xff\x0a": "JPEG XL",
    b"\0\0\0\x0cJXL ": "JPEG XL",
    b"8BPS": "Photoshop",
    b"PK\x03\x04": "a zip file",
    b"%!PS": "PostScript",
    b"\xd7\xcd\xc6\x9a": "WMF",
    b"\x1a\x45\xdf\xa3": "a video",
}
_ADVICE = {
    "HEIC": "an iPhone's photo: share it as JPEG, or set Settings > Camera > Formats to Most Compatible",
    "SVG": "a drawing of lines and shapes, without pixels: export it as PNG",
    "a video": "send one of its pictures as PNG or JPEG",
    "a zip file": "unpack it and send the pictures, one at a time",
}


def explained(body: bytes) -> str | None:
    """Return what a file is and what to do with it, such as "HEIC (an iPhone's photo: …)"; None if it is unknown."""
    name = _name(body)
    return None if name is None else f"{name} ({_ADVICE.get(name, _EXPORT)})"


def _name(body: bytes) -> str | None:
    if body[4:8] == b"ftyp":
        brand = body[8:12].decode("latin-1")
        return next((name for name, brands in _BRANDS.items() if brand in brands), None)
    # Comments, a declaration or a document type may come before the element.
    text = body[:4096].removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(b"<") and b"<svg" in text:
        return "SVG"
    return next((name for start, name in _STARTS.items() if body.startswith(start)), None)
