"""patrolsim cameras as clients see it: FFmpeg, GStreamer and a bare socket watch what it serves.

usage: patrolsim_test.py --bin FOLDER [--source REPOSITORY] [--shared FOLDER]     exit 77: skipped"""
import argparse
import base64
import hashlib
import json
import pathlib
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest

ARGS = None
SCRATCH = None


class Server:
    """A running `patrolsim cameras`; ended, and its summary read, by close()."""

    def __init__(self, *options):
        self.process = subprocess.Popen(
            [ARGS.bin / 'patrolsim', 'cameras', *([] if '--listen' in options else ['--listen', '127.0.0.1:0']),
             *map(str, options)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.cameras = []
        for line in self.process.stdout:
            words = line.split()
            if words[0] == 'ready':
                host, _, port = words[1].rpartition(':')
                self.host, self.port = host, int(port)
                return
            self.cameras.append(words)
        raise AssertionError('never ready: ' + self.process.stderr.read())

    def url(self, camera, login=''):
        return f'rtsp://{login}{self.host}:{self.port}/{camera}'

    def close(self):
        self.process.send_signal(signal.SIGINT)
        _, summary = self.process.communicate(timeout=30)
        assert self.process.returncode == 0, f'exit {self.process.returncode}: {summary}'
        line = next(line for line in summary.splitlines() if line.startswith('connections '))
        return {name.strip(): int(count) for name, count in re.findall(r'([a-z ]+) (\d+)', line)}

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        if self.process.poll() is None:
            self.process.kill()
        self.process.stdout.close()
        self.process.stderr.close()
        self.process.wait()


class Client:
    """Speaks RTSP over one TCP connection and takes interleaved packets."""

    def __init__(self, server, receive_buffer=None):
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(20)
        self.socket.connect((server.host, server.port))
        self.buffer = b''
        self.cseq = 0

    def read(self, size):
        while len(self.buffer) < size:
            data = self.socket.recv(65536)
            if not data:
                raise EOFError
            self.buffer += data
        taken, self.buffer = self.buffer[:size], self.buffer[size:]
        return taken

    def ask(self, method, url, **headers):
        """Returns the status code, the headers (lists by lower-case name) and the body."""
        self.cseq += 1
        lines = [f'{method} {url} RTSP/1.0', f'CSeq: {self.cseq}']
        lines += [f'{name}: {value}' for name, value in headers.items()]
        self.socket.sendall('\r\n'.join(lines + ['', '']).encode())
        return self.answer()

    def answer(self):
        while True:
            first = self.read(1)
            if first == b'$':
                size = struct.unpack('>H', self.read(3)[1:])[0]
                self.read(size)
                continue
            head = first
            while not head.endswith(b'\r\n\r\n'):
                head += self.read(1)
            lines = head.decode().split('\r\n')
            headers = {}
            for line in lines[1:]:
                name, _, value = line.partition(':')
                if name:
                    headers.setdefault(name.lower(), []).append(value.strip())
            body = self.read(int(headers.get('content-length', ['0'])[0]))
            return int(lines[0].split()[1]), headers, body.decode()

    def play(self, url):
        assert self.ask('SETUP', url + '/track1', Transport='RTP/AVP/TCP;unicast;interleaved=4-5')[0] == 200
        status, headers, _ = self.ask('PLAY', url, Range='npt=now-')
        assert status == 200, status
        return headers

    def packet(self):
        """The next interleaved packet: channel and payload."""
        head = self.read(4)
        assert head[:1] == b'$', head
        return head[1], self.read(struct.unpack('>H', head[2:])[0])


def rtp(payload):
    """Sequence number, time, marker and payload of an RTP packet."""
    _, marker, sequence, stamp = struct.unpack('>BBHI', payload[:8])
    return sequence, stamp, bool(marker & 0x80), payload[12:]


def make_clip(name, seconds, *options):
    path = SCRATCH / name
    subprocess.run(['ffmpeg', '-v', 'error', '-y', '-f', 'lavfi', '-i', 'testsrc2=size=320x240:rate=10',
                    '-t', str(seconds), '-c:v', 'libx264', '-bf', '0', *map(str, options), path], check=True)
    return path


def ffmpeg(url, seconds, transport='tcp'):
    """Decodes a stream; returns the number of pictures and what FFmpeg complained about."""
    run = subprocess.run(['ffmpeg', '-v', 'warning', '-progress', 'pipe:1', '-rtsp_transport', transport,
                          '-i', url, '-t', str(seconds), '-an', '-f', 'null', '-'],
                         capture_output=True, text=True, timeout=seconds + 40)
    frames = [int(count) for count in re.findall(r'^frame=(\d+)$', run.stdout, re.MULTILINE)]
    return (frames[-1] if frames else 0), run.stderr


class SyntheticCameras(unittest.TestCase):
    """Three cameras with scenes rendered small, one of them H.265, one at night."""

    @classmethod
    def setUpClass(cls):
        cls.cache = SCRATCH / 'cache'
        cls.options = ['--count', 3, '--synthetic', '--cache', cls.cache, '--size', '320x180', '--fps', 10,
                       '--kbps', 160, '--h265-share', 0.34, '--night-share', 0.34, '--seed', 5]
        cls.server = Server(*cls.options)

    @classmethod
    def tearDownClass(cls):
        summary = cls.server.close()
        cls.server.__exit__()
        assert summary['streams'] > 0 and summary['bytes'] > 0, summary

    def test_every_camera_plays_in_its_codec_and_size(self):
        codecs = []
        for address, _, codec, size in self.server.cameras:
            probe = subprocess.run(['ffprobe', '-v', 'error', '-rtsp_transport', 'tcp', '-show_entries',
                                    'stream=codec_name,profile,width,height,has_b_frames', '-of', 'json', address],
                                   capture_output=True, text=True, timeout=60)
            stream = json.loads(probe.stdout)['streams'][0]
            codecs.append(stream['codec_name'])
            self.assertEqual({'H.264': 'h264', 'H.265': 'hevc'}[codec], stream['codec_name'])
            self.assertEqual('Main', stream['profile'])
            self.assertEqual(size, f'{stream["width"]}x{stream["height"]}')
            self.assertEqual(0, stream['has_b_frames'])
        self.assertEqual(3, len(codecs))
        self.assertIn('h264', codecs)

    def test_pictures_decode_without_error_at_their_rate(self):
        frames, complaints = ffmpeg(self.server.cameras[0][0], 6)
        self.assertEqual('', complaints)
        self.assertGreaterEqual(frames, 59)
        self.assertLessEqual(frames, 61)

    def test_clips_keep_the_bit_rate_and_say_what_moves_when(self):
        clips = sorted(self.cache.glob('*/*h264.mp4'))
        self.assertTrue(clips)
        for clip in clips:
            probe = json.loads(subprocess.run(
                ['ffprobe', '-v', 'error', '-show_entries', 'format=bit_rate,duration:packet=flags,pts_time',
                 '-of', 'json', clip], capture_output=True, text=True, check=True).stdout)
            self.assertGreater(int(probe['format']['bit_rate']), 0.5 * 160e3)
            self.assertLess(int(probe['format']['bit_rate']), 1.15 * 160e3)
            keyframes = [float(packet['pts_time']) for packet in probe['packets'] if 'K' in packet['flags']]
            steps = {round(b - a, 3) for a, b in zip(keyframes, keyframes[1:])}
            self.assertEqual({2.0}, steps, 'a keyframe every two seconds and nowhere else')
            truth = json.loads(clip.with_suffix('.json').read_text())
            seconds = float(probe['format']['duration'])
            self.assertAlmostEqual(truth['frames'] / truth['fps'], seconds, places=3)
            self.assertTrue(truth['moving'])
            for interval in truth['moving']:
                self.assertLess(interval['begin_s'], interval['end_s'])
            self.assertGreater(truth['moving'][0]['begin_s'], 2, 'the loop closes in quiet')
            self.assertLess(truth['moving'][-1]['end_s'], seconds - 2)
            for mover in truth['movers']:
                for box in mover['boxes']:
                    self.assertLess(box['left'], box['right'])
                    self.assertLessEqual(box['right'], truth['width'])
                    self.assertLessEqual(box['bottom'], truth['height'])

    def test_a_second_start_takes_the_scenes_from_the_cache(self):
        before = {path: path.stat().st_mtime_ns for path in self.cache.glob('*/*')}
        with Server(*self.options) as again:
            self.assertEqual([words[1:] for words in self.server.cameras], [words[1:] for words in again.cameras])
            again.close()
        self.assertEqual(before, {path: path.stat().st_mtime_ns for path in self.cache.glob('*/*')})

    def test_the_same_seed_renders_the_same_bytes(self):
        renderings = []
        for folder in ('one', 'two'):
            cache = SCRATCH / folder
            with Server('--count', 1, '--synthetic', '--cache', cache, '--size', '160x90', '--fps', 5, '--seed', 9,
                        '--h265-share', 0, '--night-share', 0) as server:
                server.close()
            renderings.append({path.name: path.read_bytes() for path in cache.glob('*/*')})
        self.assertEqual(2, len(renderings[0]))
        self.assertEqual(renderings[0], renderings[1])


class TurningCameras(unittest.TestCase):
    """Two cameras of which one moves at a time, each on an address of its own."""

    def test_a_camera_changes_its_clip_without_a_seam_and_the_truth_says_when(self):
        truth, listed = SCRATCH / 'truth.jsonl', SCRATCH / 'cameras.yaml'
        with socket.socket() as free:
            free.bind(('127.0.0.1', 0))
            port = free.getsockname()[1]
        with Server('--count', 2, '--synthetic', '--cache', SCRATCH / 'load', '--size', '160x90', '--fps', 5,
                    '--kbps', 96, '--h265-share', 0, '--night-share', 0, '--moving-share', 0.5, '--rotate-every', '3s',
                    '--address-per-camera', '--per-packet', '--aligned', '--truth', truth, '--list', listed,
                    '--listen', f'127.0.0.1:{port}') as server:
            addresses = [words[0] for words in server.cameras]
            self.assertEqual([f'rtsp://127.10.0.{k}:{port}/cam-000{k}' for k in (1, 2)], addresses)
            for address in addresses:
                self.assertIn(f'source: "{address}"', listed.read_text())
            frames, complaints = ffmpeg(addresses[0], 13)
            self.assertEqual('', complaints)
            self.assertGreaterEqual(frames, 64)
            time.sleep(15)
            begin = time.time()
            server.close()
        intervals = {}
        for line in truth.read_text().splitlines():
            entry = json.loads(line)
            intervals.setdefault(entry['camera'], []).append((entry['begin'], entry['end']))
        self.assertTrue(intervals)
        self.assertLessEqual(set(intervals), {'cam-0001', 'cam-0002'})
        for spans in intervals.values():
            for first, last in spans:
                self.assertLess(first, last)
            for (_, last), (first, _) in zip(spans, spans[1:]):
                self.assertLessEqual(last, first, 'in order, without overlap')
            self.assertLess(spans[-1][1], time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(begin + 3)))

    def test_more_movement_than_the_clips_have_is_refused_with_how_much_there_is(self):
        done = subprocess.run([ARGS.bin / 'patrolsim', 'cameras', '--count', '2', '--synthetic', '--cache', SCRATCH / 'load',
                               '--size', '160x90', '--fps', '5', '--kbps', '96', '--h265-share', '0', '--night-share', '0',
                               '--listen', '127.0.0.1:0', '--moving-now', '0.99'],
                              capture_output=True, text=True, timeout=120)
        self.assertNotEqual(0, done.returncode)
        self.assertIn("something moves in 0.", done.stderr)
        self.assertIn('--busy', done.stderr)

    def test_wrong_usage_is_named(self):
        for options, fault in (
                (['--truth', 'x', '--synthetic'], '--truth without --moving-share or --moving-now'),
                (['--moving-share', '0.5', '--source', 'x.mp4'], 'need --synthetic'),
                (['--synthetic', '--busy'], '--busy without --moving-share'),
                (['--synthetic', '--moving-share', '0.5', '--moving-now', '0.5'], 'excludes'),
                (['--synthetic', '--address-per-camera', '--listen', '127.0.0.1:0'], '--listen needs a port'),
                (['--synthetic', '--moving-share', '0.5', '--rotate-every', '1ms'], '--rotate-every 1ms')):
            done = subprocess.run([ARGS.bin / 'patrolsim', 'cameras', '--count', '1', *options],
                                  capture_output=True, text=True, timeout=30)
            self.assertNotEqual(0, done.returncode)
            self.assertIn(fault, done.stderr)


class PlayedClips(unittest.TestCase):
    def test_the_loop_has_no_seam(self):
        clip = make_clip('short.mp4', 4, '-g', 10)
        with Server('--count', 1, '--source', clip, '--loop') as server:
            frames, complaints = ffmpeg(server.url('cam-0001'), 11)
            self.assertEqual('', complaints)
            self.assertGreaterEqual(frames, 109)
            client = Client(server)
            client.play(server.url('cam-0001'))
            last = None
            for _ in range(300):
                channel, payload = client.packet()
                if channel != 4:
                    continue
                sequence, stamp, marker, _ = rtp(payload)
                if last:
                    self.assertEqual((last[0] + 1) & 0xFFFF, sequence)
                    step = (stamp - last[1]) & 0xFFFFFFFF
                    self.assertIn(step, (0, 9000) if not last[2] else (9000,))
                last = (sequence, stamp, marker)
            server.close()

    def test_without_loop_each_client_gets_the_clip_once_and_is_closed_on(self):
        clip = make_clip('once.mp4', 2, '-g', 10)
        with Server('--count', 1, '--source', clip) as server:
            for _ in range(2):
                client = Client(server)
                client.play(server.url('cam-0001'))
                stamps, goodbyes = set(), 0
                with self.assertRaises((EOFError, ConnectionResetError)):
                    while True:
                        channel, payload = client.packet()
                        if channel == 4:
                            stamps.add(rtp(payload)[1])
                        elif b'\xcb' in payload[28:30]:
                            goodbyes += 1
                self.assertEqual(20, len(stamps))
                self.assertEqual(1, goodbyes, 'one RTCP BYE')
            server.close()

    def test_sender_reports_tie_rtp_time_to_the_wall_clock(self):
        clip = make_clip('report.mp4', 4, '-g', 10)
        with Server('--count', 1, '--source', clip, '--loop') as server:
            client = Client(server)
            client.play(server.url('cam-0001'))
            report, stamp = None, None
            while report is None or stamp is None:
                channel, payload = client.packet()
                if channel == 5:
                    report = struct.unpack('>IIIII', payload[4:24])
                elif stamp is None:
                    stamp = rtp(payload)[1]
            wall = report[1] - 2208988800 + report[2] / 2 ** 32
            self.assertEqual(stamp, report[3])
            self.assertLess(abs(wall - time.time()), 5)
            server.close()

    def test_udp_brings_the_same_pictures(self):
        clip = make_clip('udp.mp4', 4, '-g', 10)
        with Server('--count', 1, '--source', clip, '--loop') as server:
            frames, _ = ffmpeg(server.url('cam-0001'), 3, 'udp')
            self.assertGreaterEqual(frames, 25)
            server.close()

    def test_a_slow_client_loses_whole_groups_of_pictures_and_costs_no_memory(self):
        clip = make_clip('heavy.mp4', 6, '-g', 10, '-b:v', '6M', '-minrate', '6M', '-maxrate', '6M', '-bufsize',
                         '1M', '-x264-params', 'nal-hrd=cbr')
        with Server('--count', 1, '--source', clip, '--loop') as server:
            client = Client(server, receive_buffer=32 * 1024)
            client.play(server.url('cam-0001'))
            status = pathlib.Path(f'/proc/{server.process.pid}/status')
            resident = lambda: int(re.search(r'VmRSS:\s+(\d+)', status.read_text()).group(1))
            begin = resident()
            # It takes nothing until another client has got more than kernel and server hold for it.
            other = Client(server)
            other.play(server.url('cam-0001'))
            taken = 0
            while taken < 6_000_000:
                taken += len(other.packet()[1])
            self.assertLess(resident() - begin, 16 * 1024, 'kB')
            last, gaps = None, 0
            while gaps == 0:
                channel, payload = client.packet()
                if channel != 4:
                    continue
                sequence, stamp, marker, nal = rtp(payload)
                if last and stamp != last[1]:
                    self.assertTrue(last[2], 'pictures are whole')
                    if (stamp - last[1]) & 0xFFFFFFFF > 9000:
                        gaps += 1
                        self.assertEqual(24, nal[0] & 0x1F, 'after a gap parameter sets and a keyframe come first')
                last = (sequence, stamp, marker)
            summary = server.close()
            self.assertGreater(summary['pictures dropped'], 0)

    def test_gstreamer_plays_it(self):
        try:
            import gi
            gi.require_version('Gst', '1.0')
            from gi.repository import Gst
        except (ImportError, ValueError) as error:
            self.skipTest(f'no GStreamer: {error}')
        Gst.init(None)
        for element in ('rtspsrc', 'rtph264depay', 'h264parse', 'avdec_h264'):
            if not Gst.ElementFactory.find(element):
                self.skipTest(f'no GStreamer element {element}')
        clip = make_clip('gst.mp4', 4, '-g', 10)
        with Server('--count', 1, '--source', clip, '--loop', '--user', 'watch', '--password', 'man') as server:
            pipeline = Gst.parse_launch(
                f'rtspsrc location={server.url("cam-0001")} user-id=watch user-pw=man protocols=tcp latency=0 '
                '! rtph264depay ! h264parse ! avdec_h264 ! fakesink name=sink num-buffers=30 sync=false')
            pipeline.set_state(Gst.State.PLAYING)
            message = pipeline.get_bus().timed_pop_filtered(30 * Gst.SECOND,
                                                            Gst.MessageType.ERROR | Gst.MessageType.EOS)
            pipeline.set_state(Gst.State.NULL)
            self.assertIsNotNone(message, 'thirty pictures within thirty seconds')
            self.assertEqual(Gst.MessageType.EOS, message.type,
                             message.parse_error() if message.type == Gst.MessageType.ERROR else '')
            server.close()


def digest(algorithm, user, password, method, url, challenge):
    fields = dict(re.findall(r'(\w+)="?([^",]+)"?', challenge))
    hash_of = lambda text: algorithm(text.encode()).hexdigest()
    ha1 = hash_of(f'{user}:{fields["realm"]}:{password}')
    ha2 = hash_of(f'{method}:{url}')
    text = f'Digest username="{user}", realm="{fields["realm"]}", nonce="{fields["nonce"]}", uri="{url}"'
    if 'qop' in fields:
        response = hash_of(f'{ha1}:{fields["nonce"]}:00000001:abc:auth:{ha2}')
        text += f', algorithm={fields["algorithm"]}, qop=auth, nc=00000001, cnonce="abc"'
    else:
        response = hash_of(f'{ha1}:{fields["nonce"]}:{ha2}')
    return f'{text}, response="{response}"'


class Logins(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.clip = make_clip('login.mp4', 2, '-g', 10)

    def serve(self, auth):
        return Server('--count', 1, '--source', self.clip, '--loop', '--user', 'watch', '--password', 'man',
                      '--auth', auth)

    def test_without_or_with_a_wrong_password_nothing_is_described(self):
        with self.serve('any') as server:
            url = server.url('cam-0001')
            client = Client(server)
            status, headers, body = client.ask('DESCRIBE', url)
            self.assertEqual((401, ''), (status, body))
            offered = headers['www-authenticate']
            self.assertEqual(['Digest', 'Basic'], [line.split()[0] for line in offered])
            wrong = base64.b64encode(b'watch:men').decode()
            self.assertEqual(401, client.ask('DESCRIBE', url, Authorization=f'Basic {wrong}')[0])
            answer = digest(hashlib.md5, 'watch', 'men', 'DESCRIBE', url, offered[0])
            self.assertEqual(401, client.ask('DESCRIBE', url, Authorization=answer)[0])
            self.assertEqual(401, client.ask('SETUP', url, Transport='RTP/AVP/TCP;interleaved=0-1')[0])
            frames, complaints = ffmpeg(server.url('cam-0001', 'watch:men@'), 2)
            self.assertEqual(0, frames)
            self.assertIn('401', complaints)
            server.close()

    def test_basic_and_digest_with_the_password_are_let_in(self):
        for auth, algorithm in (('any', None), ('basic', None), ('digest', hashlib.md5), ('sha256', hashlib.sha256)):
            with self.subTest(auth), self.serve(auth) as server:
                url = server.url('cam-0001')
                client = Client(server)
                challenge = client.ask('DESCRIBE', url)[1]['www-authenticate'][0]
                login = ('Basic ' + base64.b64encode(b'watch:man').decode() if algorithm is None
                         else digest(algorithm, 'watch', 'man', 'DESCRIBE', url, challenge))
                status, headers, body = client.ask('DESCRIBE', url, Authorization=login)
                self.assertEqual(200, status)
                self.assertEqual('application/sdp', headers['content-type'][0])
                self.assertIn('sprop-parameter-sets=', body)
                if auth in ('any', 'digest'):
                    self.assertGreaterEqual(ffmpeg(server.url('cam-0001', 'watch:man@'), 1)[0], 9)
                server.close()

    def test_a_digest_of_another_connection_is_refused(self):
        with self.serve('digest') as server:
            url = server.url('cam-0001')
            challenge = Client(server).ask('DESCRIBE', url)[1]['www-authenticate'][0]
            other = Client(server)
            answer = digest(hashlib.md5, 'watch', 'man', 'DESCRIBE', url, challenge)
            self.assertEqual(401, other.ask('DESCRIBE', url, Authorization=answer)[0])
            server.close()


class BadInput(unittest.TestCase):
    def test_requests_that_cannot_be_served_get_their_status(self):
        clip = make_clip('bad.mp4', 2, '-g', 10)
        with Server('--count', 1, '--source', clip, '--loop') as server:
            url = server.url('cam-0001')
            client = Client(server)
            self.assertEqual(404, client.ask('DESCRIBE', server.url('cam-0002'))[0])
            self.assertEqual(501, client.ask('RECORD', url)[0])
            self.assertEqual(455, client.ask('PLAY', url)[0])
            self.assertEqual(461, client.ask('SETUP', url, Transport='RTP/AVP;multicast')[0])
            self.assertEqual(461, client.ask('SETUP', url, Transport='RTP/AVP/TCP;interleaved=900-901')[0])
            self.assertEqual(200, client.ask('SETUP', url, Transport='RTP/AVP/TCP;interleaved=0-1')[0])
            self.assertEqual(454, client.ask('PLAY', url, Session='nonsense')[0])
            for rubbish in (b'GET / HTTP/1.1\r\n\r\n', b'\x00' * 40000, b'X Y RTSP/1.0\r\nContent-Length: 1e9\r\n\r\n'):
                bad = Client(server)
                bad.socket.sendall(rubbish)
                self.assertEqual(400, bad.answer()[0])
                self.assertEqual(b'', bad.socket.recv(1), 'and the connection is closed')
            self.assertEqual(3, server.close()['bad requests'])

    def test_wrong_usage_and_absent_clips_are_told(self):
        def run(*options):
            return subprocess.run([ARGS.bin / 'patrolsim', 'cameras', *options], capture_output=True, text=True,
                                  timeout=30)
        self.assertEqual(2, run().returncode)
        self.assertEqual(2, run('--count', '0', '--synthetic').returncode)
        for options, told in ((('--count', '1'), 'either --synthetic or --source'),
                              (('--count', '1', '--synthetic', '--listen', 'here'), 'not ADDRESS:PORT'),
                              (('--count', '1', '--synthetic', '--size', '641x360'), 'both even'),
                              (('--count', '1', '--synthetic', '--gop', '2'), '2'),
                              (('--count', '1', '--source', '/absent.mp4'), '/absent.mp4')):
            outcome = run(*options)
            self.assertEqual(1, outcome.returncode)
            self.assertIn(told, outcome.stderr)


if __name__ == '__main__':
    parser = argparse.ArgumentParser()
    parser.add_argument('--bin', type=pathlib.Path, required=True)
    parser.add_argument('--source', type=pathlib.Path)
    parser.add_argument('--shared', type=pathlib.Path)
    ARGS, rest = parser.parse_known_args()
    for tool in ('ffmpeg', 'ffprobe'):
        if not shutil.which(tool):
            print(f'{tool} is not installed')
            sys.exit(77)
    with tempfile.TemporaryDirectory(prefix='patrolsim_test.') as folder:
        SCRATCH = pathlib.Path(folder)
        unittest.main(argv=[sys.argv[0], *rest], verbosity=2, warnings='ignore')
