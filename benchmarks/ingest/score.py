"""Motion events against what the simulator says moved."""
import calendar
import json
import time

EVENT_SECONDS_MIN = 1.0  # shorter movement need not be found
SLACK_SECONDS = 2.0      # an event may begin or end this far from what moved
MERGE_SECONDS = 4.0      # a pause shorter than this is none: the analyser ends events only after one


def seconds(text):
    """UTC seconds of an RFC 3339 time with Z."""
    whole, _, fraction = text.rstrip('Z').partition('.')
    return calendar.timegm(time.strptime(whole, '%Y-%m-%dT%H:%M:%S')) + float('0.' + (fraction or '0'))


def merged(spans):
    """In order, pauses closed."""
    joined = []
    for span in sorted(spans):
        if joined and span[0] <= joined[-1][1] + MERGE_SECONDS:
            joined[-1][1] = max(joined[-1][1], span[1])
        else:
            joined.append(list(span))
    return joined


def read_truth(path):
    """Two dicts by camera of intervals [begin, end], pauses closed: when anything moved, and when something that
    is not tiny did (a box of 0.25 % of the picture)."""
    moved, seen = {}, {}
    with open(path, encoding='utf-8') as file:
        for line in file:
            entry = json.loads(line)
            moved.setdefault(entry['camera'], []).append([seconds(entry['begin']), seconds(entry['end'])])
            seen.setdefault(entry['camera'], []).extend([seconds(one), seconds(other)] for one, other in entry['seen'])
    return ({camera: merged(spans) for camera, spans in moved.items()},
            {camera: merged(spans) for camera, spans in seen.items()})


def overlaps(one, other, slack):
    return one[0] <= other[1] + slack and other[0] <= one[1] + slack


def share_moving(truth, begin, end, cameras):
    """Share of the cameras in which something moved, mean over begin..end."""
    moved = sum(max(0.0, min(last, end) - max(first, begin)) for spans in truth.values() for first, last in spans)
    return moved / (end - begin) / cameras


def busy_spans(samples):
    """samples: [(time, cameras that are busy)] in order. Returns [begin, end] by camera: from the last sample before it
    was seen to be busy until the first after that."""
    spans, busy = {}, {}
    before = None
    for at, cameras in samples:
        for camera in cameras:
            if camera not in busy:
                busy[camera] = [at if before is None else before, at]
                spans.setdefault(camera, []).append(busy[camera])
        for camera in list(busy):
            busy[camera][1] = at
            if camera not in cameras:
                del busy[camera]
        before = at
    return spans


def shared_seconds(one, others):
    """How much of a span lies in others that do not overlap."""
    return sum(max(0.0, min(one[1], other[1]) - max(one[0], other[0])) for other in others)


def score(truth, seen, events, begin, end, cameras, busy=None):
    """truth, seen, busy: [begin, end] by camera, events: [begin, end, reason]; only what lies in begin..end is scored:
    what was to be seen must be found, an event is false where nothing moves at all. What begins while its camera is busy
    is told as a state, not as events: it is neither found nor missed, but counted by itself.

    Returns moved, found, recall, movements that began in busy cameras and the share of all seconds of movement that
    fell in such, false events, false per camera and day and which they are, latencies of the begins."""
    moved = found = in_busy = 0
    seconds_seen = seconds_busy = 0.0
    latencies, false = [], []
    busy = busy or {}
    for camera, spans in seen.items():
        for span in spans:
            if span[1] - span[0] < EVENT_SECONDS_MIN or span[0] < begin or span[1] > end:
                continue
            seconds_seen += span[1] - span[0]
            seconds_busy += shared_seconds(span, busy.get(camera, []))
            if any(first <= span[0] <= last for first, last in busy.get(camera, [])):
                in_busy += 1
                continue
            moved += 1
            hits = [event for event in events.get(camera, []) if overlaps(span, event, SLACK_SECONDS)]
            if hits:
                found += 1
                latencies.append(min(event[0] for event in hits) - span[0])
    for camera, spans in events.items():
        for event in spans:
            if begin <= event[0] <= end and not any(overlaps(event, span, SLACK_SECONDS)
                                                    for span in truth.get(camera, [])):
                false.append({'camera': camera, 'begin': event[0], 'end': event[1], 'reason': event[2]})
    hours = (end - begin) / 3600
    return {'moved': moved, 'found': found, 'recall': found / moved if moved else None, 'moved_in_busy': in_busy,
            'busy_share': seconds_busy / seconds_seen if seconds_seen else None, 'false': len(false),
            'false_events': false,
            'false_per_hour': len(false) / hours if hours > 0 else None,
            'false_per_camera_day': len(false) / hours / cameras * 24 if hours > 0 and cameras else None,
            'latency_s': quantiles(latencies)}


def quantiles(values):
    if not values:
        return None
    ordered = sorted(values)
    pick = lambda share: round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 3)
    return {'p50': pick(0.5), 'p95': pick(0.95), 'p99': pick(0.99), 'max': round(ordered[-1], 3)}
