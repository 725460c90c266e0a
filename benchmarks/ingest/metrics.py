"""The service's own /metrics: values, and quantiles of histograms between two scrapes."""
import re
import urllib.request

LINE = re.compile(r'^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$')
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


def scrape(http):
    """{name: {labels as a sorted tuple of pairs: value}}."""
    with urllib.request.urlopen(http + '/metrics', timeout=30) as answer:
        return parse(answer.read().decode())


def parse(text):
    families = {}
    for line in text.splitlines():
        match = LINE.match(line)
        if match:
            labels = tuple(sorted(LABEL.findall(match.group(2) or '')))
            families.setdefault(match.group(1), {})[labels] = float(match.group(3))
    return families


def total(families, name):
    """Sum over all labels; 0 where there is no such family."""
    return sum(families.get(name, {}).values())


def labelled(families, name, label):
    """The values of a label in a family."""
    return {dict(labels)[label] for labels in families.get(name, {})}


def series(families):
    return sum(len(samples) for samples in families.values())


def buckets(families, name):
    """[(upper bound, observations up to it)] of a histogram without labels of its own, by bound."""
    return sorted((float(dict(labels)['le']), count) for labels, count in families.get(name + '_bucket', {}).items())


def quantile(before, after, name, share):
    """The value below which `share` of what was observed between two scrapes lies, as Prometheus' histogram_quantile
    has it: interpolated within its bucket. None where nothing was; the highest finite bound where it lies beyond."""
    counts = [(bound, now - then) for (bound, now), (_, then) in zip(buckets(after, name), buckets(before, name))]
    if not counts or counts[-1][1] <= 0:
        return None
    rank, below_bound, below = share * counts[-1][1], 0.0, 0.0
    for bound, count in counts:
        if count >= rank:
            if bound == float('inf'):
                return below_bound
            return below_bound + (bound - below_bound) * (rank - below) / (count - below) if count > below else bound
        below_bound, below = bound, count
    return below_bound
