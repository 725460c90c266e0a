"""Lays copies of a network side by side, joined by nothing: a larger network of the same kind.

usage: tile_network.py NETWORK.osm.pbf OUT.osm.pbf [COPIES=5]"""
import sys

import osmium


def main(network, out, copies=5):
    copies = int(copies)
    nodes, ways = [], []

    class Handler(osmium.SimpleHandler):
        def node(self, n):
            nodes.append((n.id, n.location.lon, n.location.lat))

        def way(self, w):
            ways.append((w.id, [n.ref for n in w.nodes], {t.k: t.v for t in w.tags}))

    Handler().apply_file(network)
    low = min(lon for _, lon, _ in nodes)
    width = max(lon for _, lon, _ in nodes) - low + 0.01
    # Ids below 2^40 leave room for copies above them.
    step = 1 << 42
    writer = osmium.SimpleWriter(out)
    for c in range(copies):
        for i, lon, lat in nodes:
            writer.add_node(osmium.osm.mutable.Node(id=i + c * step, version=1, location=(lon + c * width - low, lat)))
    for c in range(copies):
        for i, refs, tags in ways:
            writer.add_way(osmium.osm.mutable.Way(id=i + c * step, version=1, nodes=[r + c * step for r in refs], tags=tags))
    writer.close()


main(*sys.argv[1:])
