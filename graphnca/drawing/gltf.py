"""Meshes in the one file of glTF 2.0, .glb: triangles, what their vertices have, and pictures laid on them."""

import json
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Float, Int

FLOAT, UNSIGNED_SHORT, UNSIGNED_INT = 5126, 5123, 5125  # kinds of numbers
VERTICES, INDICES = 34962, 34963  # and of buffers
LINEAR, LINEAR_MIPMAP, CLAMP = 9729, 9987, 33071  # how pictures are read: between pixels, from far, at their borders
JSON_CHUNK, BINARY_CHUNK = b"JSON", b"BIN\0"
KINDS = {1: "SCALAR", 2: "VEC2", 3: "VEC3", 4: "VEC4"}
MATT = {"metallicFactor": 0.0, "roughnessFactor": 1.0}


def glb(
    attributes: Mapping[str, Float[np.ndarray, "v k"]],
    triangles: Int[np.ndarray, "t 3"],
    pictures: Mapping[str, bytes] | None = None,
) -> bytes:
    """A matt mesh, seen from both sides.

    Args:
        attributes: Of the vertices, by the names of glTF: POSITION, NORMAL, TANGENT, TEXCOORD_0, and COLOR_0, which are
            shares of red, green, blue and opacity on a screen (sRGB) and are stored as amounts of light.
        triangles: Counterclockwise seen from outside.
        pictures: PNG files, by the names of a material's textures: baseColorTexture, metallicRoughnessTexture,
            normalTexture.
    """
    parts = [_attribute(name, values) for name, values in attributes.items()]
    parts.append((triangles.astype("<u4").ravel(), UNSIGNED_INT, INDICES))
    views, accessors, binary = [], [], b""

    def store(data: bytes, **view: Any) -> None:
        nonlocal binary
        views.append({"buffer": 0, "byteOffset": len(binary), "byteLength": len(data), **view})
        binary += data + b"\0" * (-len(data) % 4)

    for number, (array, component, target) in enumerate(parts):
        store(array.tobytes(), target=target)
        kind = KINDS[array.shape[1] if array.ndim == 2 else 1]
        accessors.append({"bufferView": number, "componentType": component, "count": len(array), "type": kind})
        if component == UNSIGNED_SHORT:
            accessors[-1] |= {"normalized": True}
    names = list(attributes)
    places = parts[names.index("POSITION")][0]
    accessors[names.index("POSITION")] |= {"min": places.min(0).tolist(), "max": places.max(0).tolist()}
    material: dict[str, Any] = {"pbrMetallicRoughness": dict(MATT), "doubleSided": True}
    scene: dict[str, Any] = {
        "asset": {"version": "2.0", "generator": "graphnca"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0}],
        "meshes": [
            {
                "primitives": [
                    {
                        "attributes": {name: number for number, name in enumerate(names)},
                        "indices": len(names),
                        "material": 0,
                    }
                ]
            }
        ],
        "materials": [material],
    }
    if pictures:
        scene["images"], scene["textures"] = [], []
        scene["samplers"] = [{"magFilter": LINEAR, "minFilter": LINEAR_MIPMAP, "wrapS": CLAMP, "wrapT": CLAMP}]
        for number, (name, data) in enumerate(pictures.items()):
            scene["images"].append({"bufferView": len(views), "mimeType": "image/png"})
            scene["textures"].append({"source": number, "sampler": 0})
            home = material if name == "normalTexture" else material["pbrMetallicRoughness"]
            home[name] = {"index": number}
            store(data)
    scene |= {"accessors": accessors, "bufferViews": views, "buffers": [{"byteLength": len(binary)}]}
    text = json.dumps(scene, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)
    chunks = struct.pack("<I4s", len(text), JSON_CHUNK) + text + struct.pack("<I4s", len(binary), BINARY_CHUNK) + binary
    return struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks


def _attribute(name: str, values: Float[np.ndarray, "v k"]) -> tuple[np.ndarray, int, int]:
    if name != "COLOR_0":
        return values.astype("<f4"), FLOAT, VERTICES
    light = np.concatenate([_linear(values[:, :3]), values[:, 3:]], axis=1)
    return np.rint(65535 * light).astype("<u2"), UNSIGNED_SHORT, VERTICES


def _linear(colour: Float[np.ndarray, "n 3"]) -> Float[np.ndarray, "n 3"]:
    """Amounts of light of colours of a screen (sRGB), in which glTF gives the colours of vertices."""
    return np.where(colour <= 0.04045, colour / 12.92, ((colour + 0.055) / 1.055) ** 2.4)
