"""Writes a grid of square areas over a network, as GeoJSON. usage: make_grid.py NETWORK OUT [COLUMNS=7] [ROWS=6]"""
import json
import sys

import osmium


def main(network, out, columns=7, rows=6):
    low, high = [1e9, 1e9], [-1e9, -1e9]

    class Handler(osmium.SimpleHandler):
        def node(self, n):
            for i, value in enumerate((n.location.lon, n.location.lat)):
                low[i], high[i] = min(low[i], value), max(high[i], value)

    Handler().apply_file(network)
    columns, rows = int(columns), int(rows)
    features = []
    for c in range(columns):
        for r in range(rows):
            x0, x1 = (low[0] + (high[0] - low[0]) * k / columns for k in (c, c + 1))
            y0, y1 = (low[1] + (high[1] - low[1]) * k / rows for k in (r, r + 1))
            ring = [[x0, y0], [x1, y0], [x1, y1], [x0, y1], [x0, y0]]
            features.append({'type': 'Feature', 'properties': {'id': f'g{c}-{r}', 'name': f'grid {c}-{r}', 'kind': 'grid'},
                             'geometry': {'type': 'Polygon', 'coordinates': [ring]}})
    json.dump({'type': 'FeatureCollection', 'features': features}, open(out, 'w'))


main(*sys.argv[1:])
