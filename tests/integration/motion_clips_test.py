"""`patrolctl motion run` on real clips with hand-made truth: movement is told, quiet is left alone.

usage: motion_clips_test.py --bin DIR --source DIR --shared DIR

Bounds are what is reached on these clips today less a margin (benchmarks/motion has the figures): an
interval counts as told when an event overlaps it; a second of slack at quiet intervals, as labelled."""
import argparse
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

options = argparse.ArgumentParser()
options.add_argument('--bin', required=True, type=pathlib.Path)
options.add_argument('--source')
options.add_argument('--shared', required=True, type=pathlib.Path)
options = options.parse_args()

VIDEO = options.shared / 'data/video'
PROGRAM = options.bin / 'patrolctl'
SCORE = options.shared / 'check/motion_score.py'


def overlaps(interval, events, slack=0.0):
    return any(begin <= interval[1] - slack and interval[0] + slack <= end for begin, end in events)


class MotionClips(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.out = pathlib.Path(self.folder.name) / 'out'

    def run_clip(self, clip, *more):
        result = subprocess.run([PROGRAM, 'motion', 'run', '--input', VIDEO / clip, '--out', self.out, *more],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn('frames/s', result.stderr)
        return json.loads((self.out / 'events.json').read_text())

    def check_labels(self, clip, told_at_least, touched_at_most):
        labels = json.loads((VIDEO / 'events.json').read_text())[clip]
        events = self.run_clip(clip)['motion']
        missed = [interval for interval in labels['motion'] if not overlaps(interval, events)]
        touched = [interval for interval in labels['quiet'] if overlaps(interval, events, 0.5)]
        self.assertGreaterEqual(len(labels['motion']) - len(missed), told_at_least, f'missed {missed}')
        self.assertLessEqual(len(touched), touched_at_most, f'quiet, but told: {touched} of {events}')
        for begin, end in events:
            self.assertLessEqual(begin, end)
        return events

    def test_tells_every_car_and_nothing_else_although_the_exposure_dips(self):
        events = self.check_labels('car-detection.mp4', 3, 0)
        self.assertLessEqual(len(events), 4)

    def test_tells_every_visitor_and_leaves_the_empty_hall_alone(self):
        self.check_labels('one-by-one-person-detection.mp4', 11, 1)

    def test_tells_every_hand_that_puts_or_takes_a_bottle(self):
        self.check_labels('bottle-detection.mp4', 3, 1)

    def test_tells_the_person_in_the_dark_yard(self):
        self.check_labels('lowlight_yard.h264.mp4', 1, 0)

    def test_shows_what_is_wrong_with_the_dark_yards_picture(self):
        findings = self.run_clip('lowlight_yard.h264.mp4')['health']
        self.assertEqual([finding['state'] for finding in findings], ['low_light'])
        self.assertEqual(findings[0]['still'], 'health_000001.jpg')
        self.assertTrue((self.out / findings[0]['still']).read_bytes().startswith(b'\xff\xd8'))

    def test_tells_distant_vehicles_where_small_targets_are_asked_for(self):
        for clip in ('thermal_1', 'thermal_7-1', 'thermal_7-2'):
            events = self.run_clip(f'{clip}.h264.mp4', '--min-object', '4')['motion']
            self.assertEqual(len(events), 1, clip)

    def test_keeps_the_hours_of_a_zone_where_it_is_told_when_the_clip_begins(self):
        zones = pathlib.Path(self.folder.name) / 'zones.json'
        zones.write_text(json.dumps({'zones': [{
            'id': 'night', 'polygon': [[0, 0], [1, 0], [1, 1], [0, 1]],
            'schedule': {'time_zone': 'Asia/Shanghai', 'windows': [{'from': '22:00', 'to': '06:00'}]}}]}))
        always = self.run_clip('car-detection.mp4', '--zones', zones)['motion']
        self.assertEqual(len(always), 3)
        by_day = self.run_clip('car-detection.mp4', '--zones', zones, '--start', '2026-03-02T12:00:00+08:00')
        self.assertEqual(by_day['motion'], [])
        self.assertGreater(by_day['suppressed']['unscheduled'], 0)
        by_night = self.run_clip('car-detection.mp4', '--zones', zones, '--start', '2026-03-02T23:00:00+08:00')
        self.assertEqual(by_night['motion'], always)

    def test_says_that_a_clip_was_too_short_to_learn(self):
        result = subprocess.run([PROGRAM, 'motion', 'run', '--input', VIDEO / 'thermal_5.h264.mp4', '--every',
                                 'keyframe', '--out', self.out], stderr=subprocess.PIPE, text=True, check=True)
        self.assertIn('nothing could be told', result.stderr)

    @unittest.skipIf(shutil.which('ffmpeg') is None, 'no ffmpeg')
    def test_goes_on_where_pictures_change_their_size(self):
        folder = pathlib.Path(self.folder.name)
        coded = b''
        for size in ('320x240', '640x360'):
            coded += subprocess.run(['ffmpeg', '-v', 'error', '-f', 'lavfi', '-i', f'testsrc=size={size}:rate=25',
                                     '-frames:v', '75', '-pix_fmt', 'yuv420p', '-c:v', 'libx264', '-f', 'h264', '-'],
                                    stdout=subprocess.PIPE, check=True).stdout
        (folder / 'two.h264').write_bytes(coded)
        summary = self.run_clip(folder / 'two.h264', '--annotate', '--masks-out', folder / 'masks')
        self.assertEqual(summary['pictures'], 150)
        self.assertEqual(len(list((folder / 'masks').iterdir())), 150)
        self.assertGreater((self.out / 'annotated.mp4').stat().st_size, 1000)
        self.assertGreater((self.out / 'annotated_2.mp4').stat().st_size, 1000)

    def test_tells_the_man_but_not_the_waving_trees(self):
        events = self.run_clip('wavingtrees.h264.mp4')['motion']
        self.assertTrue(overlaps((16.1, 17.3), events), events)
        self.assertFalse(overlaps((8.0, 15.5), events), events)

    def test_tells_the_pedestrians_of_the_ground_truth(self):
        masks = pathlib.Path(self.folder.name) / 'masks'
        summary = self.run_clip('pedestrians.h264.mp4', '--masks-out', masks)
        self.assertEqual(summary['pictures'], 1099)
        self.assertEqual(len(list(masks.glob('mask_*.png'))), 1099)
        self.assertTrue((masks / 'mask_000001.png').exists() and (masks / 'mask_001099.png').exists())
        self.assertGreaterEqual(len(summary['events']), 1)
        for event in summary['events']:
            self.assertTrue((self.out / event['still']).read_bytes().startswith(b'\xff\xd8'))
            zone = event['zone']
            self.assertTrue(0 <= zone['left'] < zone['right'] <= 1 and 0 <= zone['top'] < zone['bottom'] <= 1, zone)
        if subprocess.run(['/usr/bin/python3', '-c', 'import numpy, PIL'], stderr=subprocess.DEVNULL,
                          check=False).returncode != 0:
            self.skipTest('no python3-numpy or python3-pil to score the masks with')
        result = subprocess.run(
            ['/usr/bin/python3', SCORE, '--truth', VIDEO / 'pedestrians.gt.png.mkv', '--masks', masks, '--first',
             '300', '--last', '1099'], stdout=subprocess.PIPE, text=True, check=False)
        self.assertEqual(result.returncode, 0, result.stdout)
        words = result.stdout.split()
        self.assertGreater(float(words[words.index('F') + 1]), 0.93, result.stdout)

    def test_works_on_keyframes_alone(self):
        masks = pathlib.Path(self.folder.name) / 'masks'
        summary = self.run_clip('highway.h264.mp4', '--every', 'keyframe', '--masks-out', masks)
        self.assertEqual(summary['pictures'], 34)
        self.assertEqual(sorted(path.name for path in masks.iterdir())[:2], ['mask_000001.png', 'mask_000051.png'])
        self.assertGreaterEqual(len(summary['events']), 1)

    def test_says_what_is_wrong_with_its_input(self):
        for arguments, code, message in (
                (['--input', '/nonexistent.mp4', '--out', self.out], 1, '/nonexistent.mp4'),
                (['--input', __file__, '--out', self.out], 1, 'motion_clips_test.py'),
                (['--input', 'rtsp://user:secret@camera/1', '--out', self.out], 1, 'reads clips'),
                (['--out', self.out], 2, '--input'),
                (['--input', VIDEO / 'highway.h264.mp4', '--out', self.out, '--start', 'yesterday'], 2, '--start'),
                (['--input', VIDEO / 'highway.h264.mp4', '--out', self.out, '--every', 'second'], 2, '--every')):
            result = subprocess.run([PROGRAM, 'motion', 'run', *arguments], stdout=subprocess.PIPE,
                                    stderr=subprocess.PIPE, text=True, check=False)
            self.assertEqual(result.returncode, code, result.stderr)
            self.assertIn(message, result.stderr)
            self.assertNotIn('secret', result.stderr)


if __name__ == '__main__':
    if not (VIDEO / 'events.json').exists():
        print(f'skipped: {VIDEO} is not here')
        sys.exit(77)
    unittest.main(argv=[sys.argv[0], '-v'])
