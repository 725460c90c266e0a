"""Writes the seeds of the fuzz targets: small inputs in each target's format, all of our own making.

usage: make_corpus.py FOLDER      writes FOLDER/<target>/<name>; needs ffmpeg (libx264, libx265)

Pictures come from ffmpeg's test pattern, dialogues and descriptions are written here after the RFCs
and the quirks that lib/video/rtsp/README.md names. What fuzzing found is kept beside the seeds as
found-*, which this program leaves alone."""
import base64
import pathlib
import re
import struct
import subprocess
import sys

SLICE_BYTES_KEPT = 96  # of each slice: its header and some data


def encode(codec, options, frames=8, size='96x64'):
    """Annex B (or MJPEG) of a moving test pattern."""
    command = ['ffmpeg', '-v', 'error', '-nostdin', '-f', 'lavfi', '-i', f'testsrc2=size={size}:rate=15',
               '-frames:v', str(frames), '-pix_fmt', 'yuv420p', '-threads', '1', '-c:v', codec, *options,
               '-fflags', '+bitexact', '-flags:v', '+bitexact',
               '-f', {'libx264': 'h264', 'libx265': 'hevc', 'mjpeg': 'mjpeg'}[codec], '-']
    return subprocess.run(command, check=True, capture_output=True).stdout


def nals(annexb):
    return [nal.rstrip(b'\0') for nal in re.split(b'\0\0\0?\1', annexb)[1:]]


def nal_type(nal, h265):
    return nal[0] >> 1 & 63 if h265 else nal[0] & 31


def is_slice(nal, h265):
    return nal_type(nal, h265) < 32 if h265 else 1 <= nal_type(nal, h265) <= 5


def is_first_slice(nal, h265):
    return is_slice(nal, h265) and nal[2 if h265 else 1] & 0x80 != 0


def units(annexb, h265):
    """Access units as lists of NAL units; slices cut short."""
    done, unit = [], []
    for nal in nals(annexb):
        starts = is_first_slice(nal, h265) or not is_slice(nal, h265)
        if starts and any(is_slice(other, h265) for other in unit):
            done.append(unit)
            unit = []
        unit.append(nal[:SLICE_BYTES_KEPT] if is_slice(nal, h265) else nal[:400])
    return done + [unit]


def annexb(unit, code=b'\0\0\0\1'):
    return b''.join(code + nal for nal in unit)


def packetise(unit, h265, payload_max):
    """RTP payloads: single NAL units, fragments of what is too long."""
    for nal in unit:
        if len(nal) <= payload_max:
            yield nal
            continue
        header = 2 if h265 else 1
        body, first = nal[header:], True
        while body:
            piece, body = body[:payload_max], body[payload_max:]
            flags = (0x80 if first else 0) | (0x40 if not body else 0)
            if h265:
                yield bytes([nal[0] & 0x81 | 49 << 1, nal[1], flags | nal_type(nal, True)]) + piece
            else:
                yield bytes([nal[0] & 0xe0 | 28, flags | nal_type(nal, False)]) + piece
            first = False


def aggregate(unit, h265):
    head = bytes([48 << 1, 1]) if h265 else bytes([0x78])
    return head + b''.join(struct.pack('>H', len(nal)) + nal for nal in unit)


class Corpus:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.bytes = 0

    def put(self, target, name, data):
        folder = self.folder / target
        folder.mkdir(parents=True, exist_ok=True)
        data = data.encode('latin-1') if isinstance(data, str) else data
        (folder / name).write_bytes(data)
        self.bytes += len(data)


STREAMS = {
    'h264-baseline': ('libx264', ['-profile:v', 'baseline', '-g', '4', '-bf', '0']),
    'h264-b-frames': ('libx264', ['-profile:v', 'main', '-g', '8', '-bf', '2', '-b_strategy', '0']),
    'h264-slices': ('libx264', ['-profile:v', 'high', '-g', '4', '-slices', '3', '-aud', '1']),
    'h264-intra-refresh': ('libx264', ['-x264-params', 'intra-refresh=1:keyint=6:bframes=0']),
    'h264-interlaced': ('libx264', ['-flags', '+ilme+ildct', '-x264-params', 'interlaced=1:keyint=4']),
    'h264-scaling-lists': ('libx264', ['-x264-params', 'cqm=jvt:weightp=2:keyint=6:ref=4:b-pyramid=strict']),
    'h265': ('libx265', ['-x265-params', 'log-level=error:keyint=4:bframes=0']),
    'h265-open-gop': ('libx265', ['-x265-params', 'log-level=error:keyint=4:bframes=2:open-gop=1']),
    'h265-slices': ('libx265', ['-x265-params', 'log-level=error:keyint=4:slices=2:aud=1:weightp=1']),
    'h265-lists': ('libx265', ['-x265-params', 'log-level=error:keyint=6:ref=4:scaling-list=default:repeat-headers=1']),
}


def make_headers(corpus, name, stream, h265):
    parts = [struct.pack('>H', len(unit)) + unit for unit in (annexb(u) for u in stream)]
    corpus.put('headers', name, bytes([h265]) + b''.join(parts))


def make_mp4(corpus, name, stream, h265):
    """fmp4: flags, size, access unit."""
    parts = [bytes([4 * (2 if i == 3 else 0)]) + struct.pack('>H', len(unit)) + unit
             for i, unit in enumerate(annexb(u) for u in stream)]
    corpus.put('fmp4', name, bytes([h265]) + b''.join(parts))


def make_packets(corpus, name, stream, h265):
    """depacketiser: flags, size, payload."""
    sets = [nal for nal in stream[0] if not is_slice(nal, h265) and len(nal) < 256][:3]
    head = bytes([h265 | len(sets) << 2]) + b''.join(bytes([len(s)]) + s for s in sets)

    def packet(payload, flags):
        return bytes([flags]) + struct.pack('>H', len(payload)) + payload

    def write(suffix, payloads_of, lost=()):
        out, count = head, 0
        for unit in stream:
            payloads = list(payloads_of(unit))
            for i, payload in enumerate(payloads):
                flags = (i == len(payloads) - 1) | (count in lost) << 1 | (4 if i == 0 else 0)
                out += packet(payload, flags)
                count += 1
        corpus.put('depacketiser', f'{name}-{suffix}', out)

    write('single', lambda unit: packetise(unit, h265, 1400))
    write('fragments', lambda unit: packetise(unit, h265, 24), lost=(9, 30))
    write('aggregates', lambda unit: [aggregate(unit, h265)])
    write('start-codes', lambda unit: [annexb(unit)])
    write('marker-on-all', lambda unit: packetise(unit, h265, 40))


def rtp(payload, marker, sequence, rtp_time, ssrc=0x1234abcd, first=0x80, extra=b''):
    return struct.pack('>BBHII', first, 96 | marker << 7, sequence & 0xffff, rtp_time & 0xffffffff, ssrc) + extra + payload


def sender_report(ntp_seconds, rtp_time, ssrc=0x1234abcd):
    return struct.pack('>BBHIIIIII', 0x80, 200, 6, ssrc, ntp_seconds, 1 << 31, rtp_time & 0xffffffff, 7, 900)


def rtp_packets(stream, h265, payload_max=1400, ssrc_changes=False):
    sequence, rtp_time = 65530, 0xfffff000
    for index, unit in enumerate(stream):
        payloads = list(packetise(unit, h265, payload_max))
        ssrc = 0x1234abcd + (index // 4 if ssrc_changes else 0)
        for i, payload in enumerate(payloads):
            yield rtp(payload, i == len(payloads) - 1, sequence, rtp_time, ssrc)
            sequence += 1
        rtp_time += 6000


def make_stream(corpus, name, stream, h265):
    """rtp_stream: flags, size, packet."""
    def packet(data, flags):
        return bytes([flags]) + struct.pack('>H', len(data)) + data

    out = bytes([h265])
    for i, data in enumerate(rtp_packets(stream, h265, 60)):
        if i % 7 == 3:
            out += packet(sender_report(2_208_988_800 + 1_790_000_100 & 0xffffffff, 6000 * i), 1)
        out += packet(data, 2 << 2)
    out += packet(struct.pack('>BBHI', 0x81, 203, 1, 0x1234abcd), 1)
    corpus.put('rtp_stream', f'{name}-reports', out)
    out = bytes([h265]) + b''.join(packet(data, 2 | 1 << 2) for data in rtp_packets(stream, h265, 1400, True))
    corpus.put('rtp_stream', f'{name}-ssrc-changes', out)
    payload = stream[0][-1]
    out = bytes([h265])
    out += packet(rtp(payload, 1, 5, 0, first=0x92, extra=struct.pack('>IIHHI', 1, 2, 0xabac, 1, 0)), 0)
    out += packet(rtp(payload + b'\0\0\3', 1, 6, 3000, first=0xa0), 4)
    out += packet(rtp(payload, 1, 9, 9000), 4) + packet(rtp(payload, 1, 8, 6000), 4)
    out += packet(rtp(payload, 1, 40000, 900_000_000), 5 << 2)
    corpus.put('rtp_stream', f'{name}-header-forms', out)


def response(cseq, *fields, status='200 OK', body='', end='\r\n'):
    lines = [f'RTSP/1.0 {status}', f'CSeq: {cseq}', *fields]
    if body:
        lines.append(f'Content-Length: {len(body)}')
    return end.join(lines) + end * 2 + body


def sdp_of(sets, h265, control='trackID=1'):
    text = [base64.b64encode(nal).decode() for nal in sets]
    if h265:
        names = {32: 'sprop-vps', 33: 'sprop-sps', 34: 'sprop-pps'}
        fmtp = ';'.join(f'{names[nal_type(nal, True)]}={t}' for nal, t in zip(sets, text) if nal_type(nal, True) in names)
    else:
        fmtp = f'packetization-mode=1;profile-level-id=42c00a;sprop-parameter-sets={",".join(text)}'
    return '\r\n'.join([
        'v=0', 'o=- 1790000000 1 IN IP4 192.0.2.7', 's=live', 't=0 0', 'a=control:*', 'a=range:npt=now-',
        'm=video 0 RTP/AVP 96', 'b=AS:384', f'a=rtpmap:96 {"H265" if h265 else "H264"}/90000', f'a=fmtp:96 {fmtp}',
        f'a=control:{control}', 'm=audio 0 RTP/AVP 8 0', 'a=rtpmap:8 PCMA/8000', 'a=control:trackID=2', ''])


ODD_SDPS = {
    'no-session-lines': 'm=video 0 RTP/AVP 96\na=rtpmap:96 H264/90000\na=control:rtsp://192.0.2.7/live/track1\n',
    'no-rtpmap': 'v=0\r\nm=video 0 RTP/AVP 97\r\na=fmtp:97 profile-level-id=42e01e; packetization-mode=0\r\n',
    'fmtp-on-the-wrong-media': 'v=0\nm=audio 0 RTP/AVP 0\na=fmtp:96 packetization-mode=1;sprop-parameter-sets=Z0LACtkGR+I=,aM4G4g==\n'
                               'm=video 0 RTP/AVP 96\na=rtpmap:96 H264/90000\n',
    'broken-sprop': 'v=0\nm=video 0 RTP/AVP 96\na=rtpmap:96 h264/90000\na=fmtp:96 sprop-parameter-sets=!!!!,AAAAAWdCwAo=,,Z0LA\n',
    'metadata-and-jpeg': 'v=0\nm=application 0 RTP/AVP 107\na=rtpmap:107 vnd.onvif.metadata/90000\nm=video 0 RTP/AVP 26\na=control:jpeg\n'
                         'a=x-dimensions:640,360\na=framerate:15\n',
    'lines-without-equals': 'v=0\nnote\n=\nm=\nm=video\nm=video 0 RTP/AVP 200 -1 x 96\na=rtpmap:96\na=rtpmap: 96  HEVC / 0\nc=IN IP4\n',
    'udp-multicast': 'v=0\r\nc=IN IP4 239.1.2.3/64\r\nm=video 5004 RTP/SAVP 96\r\na=rtpmap:96 MP4V-ES/90000\r\n',
}

DIGEST = 'WWW-Authenticate: Digest realm="IP Camera(C2183)", nonce="{}", algorithm={}, qop="auth,auth-int", stale={}'
CHALLENGES = [
    'Basic realm="camera"',
    'Digest realm="IP Camera(C2183)", nonce="1c7f5b6b6d2f2f0a", stale="FALSE"',
    'Digest realm="r", nonce="n", opaque="", algorithm=SHA-256, qop="auth", Basic realm="x"',
    'Digest realm="a \\"quoted\\" one", nonce="x y", algorithm=MD5-sess, qop=auth, domain="/"',
    'Digest nonce=bare , realm = spaced, algorithm=SHA-512-256',
    'NTLM, Negotiate abc==, Digest realm="", nonce="no end',
]


def make_dialogues(corpus, sdps):
    transport = 'Transport: RTP/AVP/TCP;unicast;interleaved=0-1;ssrc= 1234ABCD;mode="PLAY"'
    for name, sdp in sdps.items():
        plain = [response(1, 'Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER'),
                 response(2, 'Content-Type: application/sdp', 'Content-Base: rtsp://192.0.2.7:8554/live/', body=sdp),
                 response(3, transport, 'Session: 12345678;timeout=60'),
                 response(4, 'Session: 12345678', 'RTP-Info: url=rtsp://192.0.2.7/live/trackID=1;seq=0;rtptime=0;'),
                 response(5)]
        corpus.put('dialogue', f'plain-{name}', ''.join(plain))
        asked = [response(1, 'Public: SET_PARAMETER', status='200'),
                 response(2, DIGEST.format('a1', 'MD5', 'false'), 'WWW-Authenticate: Basic realm="c"', status='401 Unauthorized'),
                 response(3, 'content-base:rtsp://192.0.2.7/live', body=sdp, end='\n'),
                 response(4, DIGEST.format('b2', 'SHA-256', 'true'), status='401 Unauthorized'),
                 response(5, 'Transport: RTP/AVP/TCP;interleaved=4', 'Session: x'), response(6),
                 response(7, status='405 Method Not Allowed'), response(8, status='454 Session Not Found')]
        corpus.put('dialogue', f'asked-{name}', ''.join(asked))
    corpus.put('dialogue', 'no-transport', ''.join([response(1, status='501 Not Implemented'), response(
        2, 'Content-Location: rtsp://192.0.2.7/x', body=ODD_SDPS['no-session-lines']), response(3, 'Session: ;timeout=x')]))
    corpus.put('dialogue', 'odd-bases', ''.join([response(1), response(
        2, 'Content-Base: not an address\r', body='a=control:rtsp://192.0.2.9/all\n' + ODD_SDPS['no-rtpmap']), response(3)]))


def make_messages(corpus, stream, sdp):
    frames = [b'$' + struct.pack('>BH', 0, len(p)) + p for p in rtp_packets(stream, False)]
    report = b'$' + struct.pack('>BH', 1, 28) + sender_report(3_999_000_000, 6000)
    reply = response(4, 'Session: 12345678;timeout=5', 'RTP-Info: url=x;seq=1').encode()
    describe = response(2, 'Content-Type: application/sdp', body=sdp).encode()
    request = b'SET_PARAMETER rtsp://192.0.2.7/live RTSP/1.0\r\nCSeq: 9\r\nContent-Length: 4\r\n\r\nping'
    for seed, (name, data) in enumerate({
            'reply-then-frames': reply + b''.join(frames[:9]) + report,
            'frames-before-reply': frames[0] + frames[1] + reply + report,
            'junk-between': frames[0] + b'\x00\x00\x01junk$\x07\xff' + frames[1] + b'RTSX' + frames[2] + b'$' + reply,
            'describe': describe + request + b'\r\n\r\n' + describe.replace(b'\r\n', b'\n'),
            'folded': b'RTSP/1.0 200\r\r\nTransport: RTP/AVP/TCP;unicast;\r\n interleaved=0-1\r\n\tssrc=0x12\r\nnote\r\n\r\n' + request,
            'announce': b'ANNOUNCE * RTSP/1.0\nCSeq: -1\n\n' + b'TEARDOWN rtsp://192.0.2.7/a b RTSP/2.0\r\n\r\n',
    }.items()):
        for options in (0, 1, 5, 15):
            corpus.put('rtsp_message', f'{name}-{options}', bytes([options, seed]) + data)


def make_addresses(corpus):
    addresses = ['rtsp://192.0.2.7/live', 'rtsp://operator:s%40cret@cam-7.example:8554/Streaming/Channels/101?profile=1',
                 'rtsp://a:b@c@[2001:db8::7]:554/', 'RTSPS://user@HOST/x#y', 'rtsp://h:0', 'rtsp://[::1', 'rtsp://%zz@h/']
    controls = ['trackID=1', '*', '', '/track1', 'rtsp://192.0.2.7/live/track1', '?x']
    for i, address in enumerate(addresses):
        lines = [address, controls[i % len(controls)], *CHALLENGES[i % 3:][:3], CHALLENGES[-1 - i % 3]]
        corpus.put('auth_url', f'address-{i}', '\n'.join(lines))


def nmea(*bodies, end='\r\n'):
    """Sentences with their checksums."""
    lines = []
    for body in bodies:
        total = 0
        for byte in body.encode():
            total ^= byte
        lines.append(f'${body}*{total:02X}{end}')
    return ''.join(lines)


def make_fixes(corpus):
    header = 'unit_id,time,lon,lat,speed_mps,heading_deg,accuracy_m\n'
    corpus.put('csv_fixes', 'all-columns', header + 'car-1,2026-03-02T08:00:00+08:00,113.1,22.9,5.5,359.9,3\n'
        'car-1,2026-03-02T00:00:01.5Z,113.1001,22.9,,,\n')
    corpus.put('csv_fixes', 'any-order-crlf', '\xef\xbb\xbflat,lon,note,time,unit_id\r\n'
        '22.9,113.1,"a ""quoted"", note",2026-03-02T00:00:00Z,"u,1"\r\n')
    corpus.put('csv_fixes', 'bad-rows', header + 'u,2026-03-02,113.1,22.9,,,\n,2026-03-02T00:00:00Z,1,2,,,\n'
        'u,2026-03-02T00:00:00Z,181,22.9,,,\nu,2026-03-02T00:00:00Z,1,nan,,,\nu,1,2\nu,"open\n\n'
        'u,2026-03-02T00:00:00Z,1,2,-1,400,0\n')
    corpus.put('csv_fixes', 'no-header', 'u,2026-03-02T00:00:00Z,113.1,22.9\n')
    point = '<trkpt lat="22.9" lon="113.1"><time>2026-03-02T00:00:00Z</time>%s</trkpt>'
    corpus.put('gpx_fixes', 'plain', '<?xml version="1.0"?>\n<gpx version="1.1" xmlns="http://www.topografix.com/GPX/1/1">'
        '<wpt lat="1" lon="2"/><trk><name>car-1</name><trkseg>' + point % '<speed>5</speed><course>90</course>' +
        '</trkseg></trk></gpx>')
    corpus.put('gpx_fixes', 'extensions', '<gpx><trk><name>a&amp;b</name><trkseg>' + point %
        '<extensions><x:e xmlns:x="urn:x"><x:speed>4.5</x:speed></x:e></extensions>' + '</trkseg></trk></gpx>')
    corpus.put('gpx_fixes', 'bad-points', '<gpx><trk><name/><trkseg>' + point % '' + '</trkseg></trk><trk><name>u</name>'
        '<trkpt lat="x" lon="1"><time>2026-03-02T00:00:00Z</time></trkpt><trkpt/></trk></gpx>')
    corpus.put('gpx_fixes', 'cut-off', '<gpx><trk><name>u</name><trkseg>' + point % '' + '<trkpt lat="22.9"')
    place = '2254.0000,N,11306.0000,E'
    corpus.put('nmea_fixes', 'rmc-and-gga', nmea(
        f'GPGGA,235959.50,{place},1,08,0.9,12.0,M,,M,,', 'GPGSV,1,1,00',
        f'GPRMC,235959.50,A,{place},10.0,90.0,020326,,,A', f'GPGGA,000000.50,{place},1,08,0.9,12.0,M,,M,,'))
    corpus.put('nmea_fixes', 'date-from-zda', nmea(
        'GNZDA,000001,02,03,2026,00,00', f'BDGGA,000001,{place},2,08,0.9,12.0,M,,M,,', end='\n'))
    corpus.put('nmea_fixes', 'no-fix', nmea(
        'GPRMC,,V,,,,,,,,,,N', 'GPGGA,000002,,,,,0,00,,,M,,M,,', f'GPRMC,000003,A,{place},,,020326,,,N'))
    corpus.put('nmea_fixes', 'broken', '3,22.9*41\r\n' + nmea(
        'GPRMC,000002,A,2260.0000,N,11306.0000,E,,,020326,,', f'GPRMC,240000,A,{place},,,020326,,',
        f'GPRMC,000004,A,{place},,,300226,,', f'GPRMC,000005,A,{place},1e9,x,020326,,') + f'$GPRMC,000006,A,{place}')


def main(folder):
    corpus = Corpus(folder)
    sdps = {}
    messages_from = None
    for name, (codec, options) in STREAMS.items():
        h265 = codec == 'libx265'
        stream = units(encode(codec, options), h265)
        make_headers(corpus, name, stream, h265)
        make_mp4(corpus, name, stream[:6], h265)
        if name in ('h264-baseline', 'h264-slices', 'h265', 'h265-slices'):
            make_packets(corpus, name, stream[:5], h265)
            make_stream(corpus, name, stream[:5], h265)
        if name in ('h264-baseline', 'h265'):
            sets = [nal for nal in stream[0] if not is_slice(nal, h265) and nal_type(nal, h265) in (7, 8, 32, 33, 34)]
            sdps[name] = sdp_of(sets, h265)
        if name == 'h264-baseline':
            messages_from = stream[:5]
    for name, sdp in {**sdps, **ODD_SDPS}.items():
        corpus.put('sdp', name, sdp)
    make_dialogues(corpus, sdps)
    make_messages(corpus, messages_from, sdps['h264-baseline'])
    make_addresses(corpus)
    make_fixes(corpus)
    print(f'{corpus.bytes} bytes')


if __name__ == '__main__':
    main(sys.argv[1])
