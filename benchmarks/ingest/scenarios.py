"""The loads by name: what the simulator shows and how the service is set."""

# moving_now: share of the cameras in which something moves at a time, by the simulator's own truth.
# ingest: fields of the section `ingest` of patrold's configuration. peers: cameras of the same load that peer_programs
# look at, or receive, while the service is measured. views: live views, stills and clips asked for then.
BASE = {'cameras': 700, 'moving_now': 0.05, 'busy': False, 'transport': 'tcp', 'h265_share': 0.0, 'aligned': False,
        'ingest': {}, 'seconds': 600, 'warm_up': 30, 'power_cut': False, 'peers': 0,
        'peer_programs': (), 'views': 0}

SCENARIOS = {
    'tcp-700-twentieth': {},
    'tcp-700-half': {'moving_now': 0.5, 'busy': True, 'ingest': {'budget_cores': 1.3}},
    'udp-700': {'transport': 'udp'},
    'h265-tenth': {'h265_share': 0.1},
    'aligned': {'aligned': True},
    'receive-only': {'ingest': {'analysis': 'false'}, 'peers': 60, 'peer_programs': ('demuxer',), 'seconds': 120},
    'peers': {'peers': 12, 'peer_programs': ('motion', 'ffmpeg'), 'seconds': 120},
    'curve-100': {'cameras': 100},
    'curve-350': {'cameras': 350},
    'curve-1400': {'cameras': 1400},
    'live': {'seconds': 120, 'views': 60},
    'powercut': {'power_cut': True, 'seconds': 120},
    # In 20 minutes something has moved once in each camera: what is made at the first movement is there.
    'soak': {'seconds': 3600, 'warm_up': 1200},
}
GROUPS = {'curve': ['curve-100', 'curve-350', 'tcp-700-twentieth', 'curve-1400']}
DEFAULT = [name for name in SCENARIOS if name != 'soak']


def chosen(names):
    """(name, settings) of each scenario or group, in order; ValueError names one that there is not."""
    listed = []
    for name in names or DEFAULT:
        for one in GROUPS.get(name, [name]):
            if one not in SCENARIOS:
                raise ValueError(f'no scenario "{one}"; there are: {", ".join([*SCENARIOS, *GROUPS])}')
            if one not in listed:
                listed.append(one)
    return [(name, {**BASE, **SCENARIOS[name]}) for name in listed]
