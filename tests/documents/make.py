"""Makes the documents that the tests read; all sentences are our own."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path

PROSE = (
    "新开的直播间先看停留,再看点击。停留不到三十秒,加投流量只会把钱花在门口。"
    "把最好卖的一件放在开场十分钟,讲清楚它给谁用、解决什么麻烦,再报价格。"
)
MORE = "每天固定两个时段开播,连续七天不换人不换货盘,系统才认得出这间店卖给谁。"


def write(folder: Path, name: str, content: str | bytes, encoding: str = "utf-8") -> Path:
    """A file of text or bytes."""
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return path


def pdf(pages: Sequence[Sequence[str]], to_unicode: bool = True) -> bytes:
    """A PDF whose font names its glyphs by number and says in a ToUnicode table which characters they are."""
    characters = sorted({c for page in pages for line in page for c in line})
    number = {c: i + 1 for i, c in enumerate(characters)}
    table = "\n".join(f"<{number[c]:04x}> <{c.encode('utf-16-be').hex()}>" for c in characters)
    cmap = (
        "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n/CMapType 2 def\n"
        "1 begincodespacerange\n<0000> <ffff>\nendcodespacerange\n"
        f"{len(characters)} beginbfchar\n{table}\nendbfchar\nendcmap\nend\nend"
    )
    bodies = []
    first = 6
    kids = " ".join(f"{first + 2 * i} 0 R" for i in range(len(pages)))
    bodies.append("<< /Type /Catalog /Pages 2 0 R >>")
    bodies.append(f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>")
    unicode = "/ToUnicode 5 0 R" if to_unicode else ""
    bodies.append(
        "<< /Type /Font /Subtype /Type0 /BaseFont /Song /Encoding /Identity-H /DescendantFonts [4 0 R] "
        f"{unicode} >>"
    )
    bodies.append(
        "<< /Type /Font /Subtype /CIDFontType2 /BaseFont /Song /DW 1000 "
        "/CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> >>"
    )
    bodies.append(f"<< /Length {len(cmap)} >>\nstream\n{cmap}\nendstream")
    for i, page in enumerate(pages):
        lines = " ".join(
            f"<{''.join(f'{number[c]:04x}' for c in line)}> Tj 0 -20 Td" for line in page if line
        )
        content = f"BT /F1 12 Tf 50 780 Td {lines} ET" if lines else ""
        bodies.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {first + 2 * i + 1} 0 R "
            "/Resources << /Font << /F1 3 0 R >> >> >>"
        )
        bodies.append(f"<< /Length {len(content)} >>\nstream\n{content}\nendstream")
    out, places = b"%PDF-1.4\n", []
    for i, body in enumerate(bodies, 1):
        places.append(len(out))
        out += f"{i} 0 obj\n{body}\nendobj\n".encode()
    start = len(out)
    out += f"xref\n0 {len(bodies) + 1}\n0000000000 65535 f \n".encode()
    out += "".join(f"{place:010d} 00000 n \n" for place in places).encode()
    return out + f"trailer\n<< /Size {len(bodies) + 1} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF".encode()


def zipped(path: Path, members: dict[str, bytes]) -> Path:
    """A zip file with these members."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def replaced(source: Path, target: Path, member: str, content: bytes) -> Path:
    """A copy of an Office file with one part exchanged."""
    with zipfile.ZipFile(source) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    return zipped(target, parts | {member: content})
