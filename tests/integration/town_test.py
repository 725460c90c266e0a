"""The sample town: the same seed gives the same bytes, and the town has the size it claims."""
import argparse
import collections
import csv
import hashlib
import json
import math
import os
import subprocess
import sys
import tempfile
import unittest

FILES = ('network.osm.pbf', 'areas.geojson', 'cameras.csv', 'units.csv', 'fixes.csv')


def make_town(seed, folder):
    subprocess.run([os.path.join(options.bin, 'patrolsim'), 'town', '--seed', str(seed), '--out', folder],
                   check=True, capture_output=True, timeout=120)


def digests(folder):
    found = {}
    for name in FILES:
        with open(os.path.join(folder, name), 'rb') as file:
            found[name] = hashlib.sha256(file.read()).hexdigest()
    return found


def ring_m2(ring):
    """Shoelace on a plane around the ring's first place, square metres."""
    lon, lat = ring[0]
    k = 111195.08
    points = [((x - lon) * k * math.cos(math.radians(lat)), (y - lat) * k) for x, y in ring]
    return abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(points, points[1:]))) / 2


class TownTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory(prefix='patrol-town-')
        cls.addClassCleanup(cls.temporary.cleanup)
        cls.town = os.path.join(cls.temporary.name, 'one')
        make_town(1, cls.town)

    def rows(self, name):
        with open(os.path.join(self.town, name), encoding='utf-8', newline='') as file:
            return list(csv.DictReader(file))

    def areas(self):
        with open(os.path.join(self.town, 'areas.geojson'), encoding='utf-8') as file:
            return [(f['properties'], f['geometry']['coordinates'][0]) for f in json.load(file)['features']]

    def test_the_same_seed_gives_the_same_bytes_and_another_does_not(self):
        again = os.path.join(self.temporary.name, 'again')
        make_town(1, again)
        self.assertEqual(digests(again), digests(self.town))
        other = os.path.join(self.temporary.name, 'other')
        make_town(2, other)
        for name, digest in digests(other).items():
            self.assertNotEqual(digest, digests(self.town)[name], name)

    def test_the_network_is_one_piece_of_about_12000_nodes(self):
        for mode in ('car', 'e-bike', 'foot'):
            done = subprocess.run([os.path.join(options.bin, 'patrolctl'), '--format', 'json', 'network', 'info',
                                   '--network', os.path.join(self.town, 'network.osm.pbf'), '--mode', mode],
                                  check=True, capture_output=True, text=True, timeout=60)
            info = json.loads(done.stdout)
            self.assertEqual(info['components'], 1, mode)
            self.assertTrue(11000 <= info['nodes'] <= 13000, info)
            self.assertTrue(300e3 < info['patrollable_m'] < info['length_m'] < 600e3, info)
            self.assertGreater(info['restrictions_used'], 30)
            self.assertEqual(info['restrictions_used'], info['restrictions_read'])

    def test_areas_are_one_town_33_villages_and_38_grids_that_cover_it_once(self):
        area_m2 = collections.Counter()
        number = collections.Counter()
        ids = {}
        for properties, ring in self.areas():
            area_m2[properties['kind']] += ring_m2(ring)
            number[properties['kind']] += 1
            ids[properties['id']] = properties['kind']
        self.assertEqual(number, {'town': 1, 'village': 33, 'grid': 38})
        self.assertEqual(len(ids), 72)
        self.assertAlmostEqual(area_m2['town'] / 80e6, 1, delta=0.01)
        for kind in ('village', 'grid'):
            self.assertAlmostEqual(area_m2[kind] / area_m2['town'], 1, delta=1e-4)
        for properties, _ in self.areas():
            parent = {'village': 'town', 'grid': 'village'}.get(properties['kind'])
            self.assertEqual(ids.get(properties.get('parent')), parent, properties)

    def test_there_are_700_cameras_with_names_and_headings(self):
        rows = self.rows('cameras.csv')
        self.assertEqual(list(rows[0]), ['camera_id', 'name', 'lon', 'lat', 'heading_deg', 'field_of_view_deg'])
        self.assertEqual(len({row['camera_id'] for row in rows}), 700)
        self.assertEqual(len({row['name'] for row in rows}), 700)
        for row in rows:
            self.assertTrue(0 <= int(row['heading_deg']) < 360)
            self.assertTrue(113.1 < float(row['lon']) < 113.4 and 22.7 < float(row['lat']) < 23.0)

    def test_60_units_report_a_plausible_day(self):
        modes = {row['unit_id']: row['mode'] for row in self.rows('units.csv')}
        self.assertEqual(len(modes), 60)
        self.assertEqual(set(modes.values()), {'car', 'e-bike', 'foot'})
        fixes = self.rows('fixes.csv')
        self.assertEqual(list(fixes[0]),
                         ['unit_id', 'time', 'lon', 'lat', 'speed_mps', 'heading_deg', 'accuracy_m'])
        self.assertEqual([row['time'] for row in fixes], sorted(row['time'] for row in fixes))
        self.assertTrue(fixes[0]['time'].startswith('2026-03-02T00:00'))
        self.assertTrue(fixes[-1]['time'].startswith('2026-03-02T15:59'))
        counts = collections.Counter(row['unit_id'] for row in fixes)
        self.assertEqual(set(counts), set(modes))
        self.assertGreater(min(counts.values()), 500)
        fastest = collections.defaultdict(float)
        for row in fixes:
            fastest[modes[row['unit_id']]] = max(fastest[modes[row['unit_id']]], float(row['speed_mps']))
        self.assertTrue(8 < fastest['car'] < 30, fastest)
        self.assertTrue(3 < fastest['e-bike'] < 9, fastest)
        self.assertTrue(0.8 < fastest['foot'] < 3, fastest)


if __name__ == '__main__':
    parser = argparse.ArgumentParser()
    for name in ('--bin', '--source', '--shared'):
        parser.add_argument(name, required=True)
    options, rest = parser.parse_known_args()
    unittest.main(argv=[sys.argv[0]] + rest)
