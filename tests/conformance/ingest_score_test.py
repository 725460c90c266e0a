"""The scorer of benchmarks/ingest: what is found, missed, false, and what fell in cameras that are busy.

usage: ingest_score_test.py --source REPOSITORY [--bin FOLDER] [--shared FOLDER]"""
import argparse
import pathlib
import sys
import unittest

parser = argparse.ArgumentParser()
parser.add_argument('--source', type=pathlib.Path, required=True)
parser.add_argument('--bin')
parser.add_argument('--shared')
options, rest = parser.parse_known_args()
sys.path.insert(0, str(options.source / 'benchmarks' / 'ingest'))
import metrics  # noqa: E402
import score  # noqa: E402


class Score(unittest.TestCase):
    def score(self, seen, events, busy=None):
        return score.score(seen, seen, events, 0, 1000, 1, busy)

    def test_movement_with_an_event_is_found_and_without_one_missed(self):
        result = self.score({'a': [[10, 20], [100, 120]]}, {'a': [[11, 20, '']]})
        self.assertEqual((result['moved'], result['found'], result['recall']), (2, 1, 0.5))
        self.assertEqual((result['moved_in_busy'], result['busy_share'], result['false']), (0, 0, 0))

    def test_an_event_where_nothing_moves_is_false(self):
        result = self.score({'a': [[10, 20]]}, {'a': [[11, 20, ''], [50, 60, 'a lamp']], 'b': [[5, 6, '']]})
        self.assertEqual(result['false'], 2)
        self.assertEqual(result['false_events'][0], {'camera': 'a', 'begin': 50, 'end': 60, 'reason': 'a lamp'})

    def test_what_begins_while_the_camera_is_busy_is_neither_found_nor_missed(self):
        seen = {'a': [[10, 20], [100, 120], [500, 510]], 'b': [[100, 120]]}
        result = self.score(seen, {'a': [[11, 20, '']]}, {'a': [[90, 400]]})
        self.assertEqual((result['moved'], result['found'], result['moved_in_busy']), (3, 1, 1))
        self.assertAlmostEqual(result['busy_share'], 20 / 60)

    def test_movement_that_goes_on_when_a_camera_becomes_busy_had_to_be_found(self):
        result = self.score({'a': [[10, 110]]}, {}, {'a': [[60, 400]]})
        self.assertEqual((result['moved'], result['found'], result['moved_in_busy']), (1, 0, 0))
        self.assertAlmostEqual(result['busy_share'], 0.5)

    def test_all_of_it_in_busy_cameras_leaves_no_recall(self):
        result = self.score({'a': [[100, 120]]}, {}, {'a': [[90, 400]]})
        self.assertEqual((result['recall'], result['busy_share']), (None, 1))

    def test_a_camera_is_busy_from_the_sample_before_it_was_seen_so_to_the_first_after(self):
        samples = [(0, set()), (10, {'a'}), (20, {'a', 'b'}), (30, {'b'}), (40, {'a', 'b'})]
        self.assertEqual(score.busy_spans(samples), {'a': [[0, 30], [30, 40]], 'b': [[10, 40]]})

    def test_busy_cameras_are_read_from_the_metrics(self):
        families = metrics.parse('patrol_camera_busy_zones{camera="a"} 1\npatrol_camera_busy_zones{camera="b"} 2\n')
        self.assertEqual(metrics.labelled(families, 'patrol_camera_busy_zones', 'camera'), {'a', 'b'})
        self.assertEqual(metrics.labelled({}, 'patrol_camera_busy_zones', 'camera'), set())


if __name__ == '__main__':
    unittest.main(argv=sys.argv[:1] + rest)
