"""patrold against an RTSP server that is not ours (GStreamer's), with real surveillance clips: two minutes, one camera
behind Digest authentication, a new session at each end of clip, motion where the ground truth has it.

usage: gst_clips_test.py --bin DIR --source DIR --shared DIR"""
import argparse
import calendar
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
import unittest

options = argparse.ArgumentParser()
for name in ('bin', 'source', 'shared'):
    options.add_argument('--' + name, required=True)
options = options.parse_args()
sys.path.insert(0, os.path.join(options.source, 'tests/support'))
clips = os.path.join(options.shared, 'data/video')
server = os.path.join(options.shared, 'check/gst_rtsp_server.py')
if not (os.path.isdir(clips) and os.path.exists(server)):
    print(f'skipped: no clips in {clips}')
    sys.exit(77)
try:
    import gi
    import numpy
    gi.require_version('GstRtspServer', '1.0')
    from reflection_client import Client
except (ImportError, ValueError) as missing:
    print(f'skipped: {missing}')
    sys.exit(77)
from town import Programs, read_text, wait_until  # noqa: E402

RUN_SECONDS = 120
# A still scene must be learnt before it can be judged; then a labelled boundary may be a second off.
LEARNING_SECONDS = 10
SLACK_SECONDS = 2
CLIPS = {'car': 'car-detection.mp4', 'person': 'one-by-one-person-detection.mp4',
         'pedestrians': 'pedestrians.h264.mp4', 'highway': 'highway.h264.mp4', 'locked': 'pedestrians.h264.mp4'}
CLIP_SECONDS = {'car': 30.2, 'person': 139.4, 'pedestrians': 44.0, 'highway': 68.0, 'locked': 44.0}


def free_port():
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]


def seconds(stamp):
    """RFC 3339 (UTC) to seconds since 1970."""
    whole, fraction = re.match(r'(.*?)(\.\d+)?Z$', stamp).groups()
    return calendar.timegm(time.strptime(whole, '%Y-%m-%dT%H:%M:%S')) + float(fraction or 0)


def moving_intervals(masks, rate, share=0.004, least=1.0):
    """Intervals, seconds, in which at least `share` of the truth's pixels move, for at least `least` seconds."""
    size = [int(n) for n in subprocess.run(
        ['ffprobe', '-v', 'error', '-select_streams', 'v', '-show_entries', 'stream=width,height', '-of', 'csv=p=0', masks],
        capture_output=True, text=True, check=True).stdout.split(',')[:2]]
    raw = subprocess.run(['ffmpeg', '-v', 'error', '-i', masks, '-f', 'rawvideo', '-pix_fmt', 'gray', '-'],
                         capture_output=True, check=True).stdout
    pictures = numpy.frombuffer(raw, numpy.uint8).reshape(-1, size[0] * size[1])
    moving = (pictures == 255).mean(axis=1) >= share
    intervals, start = [], None
    for k, now in enumerate([*moving, False]):
        if now and start is None:
            start = k
        elif not now and start is not None:
            if (k - start) / rate >= least:
                intervals.append((start / rate, k / rate))
            start = None
    return intervals


class GstClipsTest(unittest.TestCase):
    def start_server(self, programs, arguments, names):
        port = free_port()
        mounts = [f'{name}={os.path.join(clips, CLIPS[name])}' for name in names]
        programs.start(['/usr/bin/python3', server, '--port', str(port), *arguments, *mounts],
                       rf'^rtsp://127\.0\.0\.1:{port}/{names[-1]}$')
        return port

    def test_two_minutes_of_real_clips(self):
        with tempfile.TemporaryDirectory(prefix='patrol-gst-') as folder, Programs(options.bin, folder) as programs:
            town = programs.town()
            place = re.search(r'"coordinates":\s*\[+\s*([-\d.]+),\s*([-\d.]+)', read_text(town + '/areas.geojson'))
            place = f'[{place.group(1)}, {place.group(2)}]'
            open_names = [name for name in CLIPS if name != 'locked']
            port = self.start_server(programs, [], open_names)
            locked = self.start_server(programs, ['--user', 'viewer', '--password', 'p@ss word'], ['locked'])
            cameras = ''.join(f'  - {{id: {name}, position: {place}, source: "rtsp://127.0.0.1:{port}/{name}"}}\n'
                              for name in open_names)
            service = programs.patrold(
                'listen: {grpc: "127.0.0.1:0", http: "127.0.0.1:0"}\ndata_dir: data\n'
                'network: {file: town/network.osm.pbf}\ncameras:\n' + cameras +
                f'  - {{id: locked, position: {place}, source: "rtsp://127.0.0.1:{locked}/locked",'
                ' username: viewer, password: "p@ss word"}\n'
                f'  - {{id: refused, source: "rtsp://127.0.0.1:{locked}/locked", username: viewer, password: wrong}}\n')
            self.follow(Client(service.grpc))
            self.assertEqual(service.stop(), 0)
            text = read_text(service.log)
            self.assertNotIn('p@ss word', text)

    def follow(self, client):
        def states():
            cameras = client.call('patrol.v1.CameraService/ListCameras')['cameras']
            return {camera['name'].split('/')[1]: camera['state'] for camera in cameras}
        wait_until(lambda: all(states()[name]['phase'] == 'CAMERA_PHASE_STREAMING' for name in CLIPS), 20, 'all stream')
        sessions = {name: [] for name in CLIPS}
        ends = time.monotonic() + RUN_SECONDS
        while time.monotonic() < ends:
            now = states()
            for name in CLIPS:
                if now[name]['phase'] == 'CAMERA_PHASE_STREAMING':
                    since = seconds(now[name]['since'])
                    if since not in sessions[name]:
                        sessions[name].append(since)
            time.sleep(0.25)
        finished, now = time.time(), states()
        for name in CLIPS:
            state = now[name]
            print(f'{name}: {len(sessions[name])} sessions, {state["picturesDecoded"]} pictures of '
                  f'{state["accessUnits"]}, {state["decodeErrors"]} decode errors, '
                  f'{state["accessUnitsDropped"]} dropped, {state["packetsLost"]} packets lost')
            self.assertGreaterEqual(int(state['reconnects']), int(RUN_SECONDS / (CLIP_SECONDS[name] + 3)), name)
            self.assertGreater(int(state['picturesDecoded']), 0.9 * int(state['accessUnits']), name)
            self.assertEqual(int(state['decodeErrors']), 0, name)
        self.assertNotEqual(now['refused']['phase'], 'CAMERA_PHASE_STREAMING')
        self.assertRegex(now['refused']['reason'].lower(), 'password|401|authent|unauthor')

        events = {}
        for event in client.call('patrol.v1.MotionService/ListMotionEvents', {'pageSize': 1000})['motionEvents']:
            span = (seconds(event['beginTime']), seconds(event['lastTime']))
            events.setdefault(event['camera'].split('/')[1], []).append(span)
        labelled = json.loads(read_text(os.path.join(clips, 'events.json')))
        truth = {'car': labelled['car-detection.mp4']['motion'],
                 'person': labelled['one-by-one-person-detection.mp4']['motion'],
                 'pedestrians': moving_intervals(os.path.join(clips, 'pedestrians.gt.png.mkv'), 25)}
        truth['locked'] = truth['pedestrians']
        for name, intervals in truth.items():
            due, hit = 0, 0
            for number, start in enumerate(sessions[name]):
                for begin, end in intervals:
                    if number == 0 and begin < LEARNING_SECONDS or start + end > finished:
                        continue
                    due += 1
                    hit += any(b <= start + end + SLACK_SECONDS and e >= start + begin - SLACK_SECONDS
                               for b, e in events.get(name, []))
            print(f'{name}: {hit} of {due} labelled intervals have an event; {len(events.get(name, []))} events')
            self.assertGreater(due, 0, name)
            self.assertGreaterEqual(hit / due, 0.75, f'{name}: {hit} of {due}')
        # The highway always moves: an event is open most of the time.
        open_seconds = sum(e - b for b, e in events.get('highway', []))
        print(f'highway: an event is open for {open_seconds:.0f} of {RUN_SECONDS} s')
        self.assertGreater(open_seconds, 0.5 * RUN_SECONDS)


if __name__ == '__main__':
    unittest.main(argv=[sys.argv[0]], verbosity=2)
