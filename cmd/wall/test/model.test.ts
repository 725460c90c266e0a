import { describe, expect, it } from 'vitest';
import { cameraLook, EVENTS_KEPT, HOUR_MS, isUnattended, Model, signs, snoozedUntil } from '../src/model';
import type { Camera, MotionEvent } from '../src/types';

const time = '2026-03-02T05:27:34Z';
const now = Date.parse(time);

function camera(id: string, change: Partial<Camera['state']> = {}): Camera {
  return {
    name: `cameras/${id}`,
    displayName: id,
    headingDeg: 0,
    fieldOfViewDeg: 0,
    disabled: false,
    viewMoved: false,
    state: {
      phase: 'CAMERA_PHASE_STREAMING',
      reason: '',
      codec: 'H.264',
      width: 640,
      height: 360,
      blind: false,
      moving: false,
      learning: false,
      privacy: '',
      health: [],
      zones: [],
      notEvents: {},
      eventsOverLimit: '0',
      eventsOverTownLimit: '0',
      ...change,
    },
  };
}

function event(id: string, begin: number, change: Partial<MotionEvent> = {}): MotionEvent {
  return {
    name: `motionEvents/${id}`,
    camera: 'cameras/a',
    phase: 'MOTION_PHASE_END',
    beginTime: new Date(begin).toISOString(),
    strength: 0,
    hasStill: false,
    cutShort: false,
    zoneId: '',
    direction: '',
    ending: '',
    reason: '',
    confidence: 0,
    onsetSource: 'pictures',
    notAnEvent: false,
    ...change,
  };
}

const unattended = { response: { area: '', nearestUnit: '', unattended: true, reason: '' } };

describe('Model', () => {
  it('replaces a list by a snapshot and changes it by what follows', () => {
    const model = new Model();
    const cameras = (snapshot: boolean, list: Camera[], removed: string[] = []) =>
      model.apply({ type: 'cameras', time, snapshot, cameras: list, removed });
    cameras(true, [camera('a'), camera('b')]);
    cameras(false, [camera('b', { blind: true })], ['cameras/a']);
    expect([...model.cameras.keys()]).toEqual(['cameras/b']);
    expect(model.cameraCounts()).toEqual({ streaming: 0, blind: 1, offline: 0, off: 0, unhealthy: 0, total: 1 });
    cameras(true, [camera('c')]);
    expect([...model.cameras.keys()]).toEqual(['cameras/c']);
  });

  it('counts each event of the last hour once, and the unattended among them', () => {
    const model = new Model();
    const open = event('1', now - 1000, { phase: 'MOTION_PHASE_BEGIN', ...unattended });
    model.apply({ type: 'motion', time, snapshot: true, motionEvents: [open] });
    model.apply({ type: 'motion', time, snapshot: false, motionEvents: [{ ...open, phase: 'MOTION_PHASE_END' }] });
    model.countEvent(event('2', now - 2000));
    model.countEvent(event('3', now - HOUR_MS - 1));
    expect(model.eventsOfHour(now)).toEqual({ begun: 2, unattended: 1 });
    expect(model.eventsOfHour(now + HOUR_MS)).toEqual({ begun: 0, unattended: 0 });
  });

  it('lists the latest begin first and keeps a bounded number', () => {
    const model = new Model();
    const many = Array.from({ length: EVENTS_KEPT + 5 }, (_, i) => event(String(i), now + i));
    model.apply({ type: 'motion', time, snapshot: false, motionEvents: many });
    const listed = model.eventsByTime();
    expect(listed).toHaveLength(EVENTS_KEPT);
    expect(listed[0]?.name).toBe(`motionEvents/${EVENTS_KEPT + 4}`);
  });

  it('knows where something moves now; an ended or cut-short event does not', () => {
    const model = new Model();
    const motionEvents = [
      event('1', now, { camera: 'cameras/a', phase: 'MOTION_PHASE_UPDATE' }),
      event('2', now, { camera: 'cameras/b' }),
      event('3', now, { camera: 'cameras/c', phase: 'MOTION_PHASE_UPDATE', cutShort: true }),
    ];
    model.apply({ type: 'motion', time, snapshot: true, motionEvents });
    expect([...model.ongoingByCamera().keys()]).toEqual(['cameras/a']);
  });
});

describe('cameraLook', () => {
  it('calls blind only what streams and cannot be seen', () => {
    expect(cameraLook(camera('a'))).toBe('streaming');
    expect(cameraLook(camera('a', { blind: true }))).toBe('blind');
    expect(cameraLook(camera('a', { phase: 'CAMERA_PHASE_WAITING', blind: true }))).toBe('waiting');
    expect(cameraLook({ ...camera('a'), disabled: true })).toBe('off');
  });
});

describe('an event marked as none', () => {
  it('is no longer unattended, ongoing or counted, and is again when that is taken back', () => {
    const model = new Model();
    const open = event('1', now - 1000, { phase: 'MOTION_PHASE_BEGIN', ...unattended });
    model.keep({ event: open });
    expect(model.eventsOfHour(now)).toEqual({ begun: 1, unattended: 1 });
    model.keep({ event: { ...open, notAnEvent: true } });
    expect(model.eventsOfHour(now)).toEqual({ begun: 0, unattended: 0 });
    expect(model.ongoingByCamera().size).toBe(0);
    expect(isUnattended(model.events.get(open.name))).toBe(false);
    expect(model.eventsByTime()).toHaveLength(1);
    model.keep({ event: open });
    expect(model.eventsOfHour(now)).toEqual({ begun: 1, unattended: 1 });
    expect(model.ongoingByCamera().size).toBe(1);
  });
});

describe('signs of a camera', () => {
  const busy = [{ id: 'road', watched: true, moving: true, busy: true, movingShare: 0.9 }];
  const finding = (state: string, severity: number) => ({ state, severity, reason: '' });

  it('say what keeps it from telling, the gravest first', () => {
    const seen = camera('a', { privacy: 'masked', health: [finding('noisy', 0.2), finding('covered', 0.9)], zones: busy });
    seen.snoozedUntil = new Date(now + 60_000).toISOString();
    expect(signs(seen, now)).toEqual([
      { kind: 'health', state: 'covered' },
      { kind: 'health', state: 'noisy' },
      { kind: 'snoozed' },
      { kind: 'busy' },
      { kind: 'masked' },
    ]);
  });

  it('do not call the black picture of a hidden camera a fault', () => {
    const hidden = camera('a', { privacy: 'hidden: it was moved', health: [finding('black', 1)] });
    expect(signs(hidden, now)).toEqual([{ kind: 'hidden' }]);
  });

  it('say that it learns, unless there is nothing to be seen', () => {
    expect(signs(camera('a', { learning: true, zones: busy }), now)).toEqual([{ kind: 'learning' }, { kind: 'busy' }]);
    expect(signs(camera('a', { learning: true, privacy: 'hidden: it was moved' }), now)).toEqual([{ kind: 'hidden' }]);
  });

  it('end with the snooze', () => {
    const snoozed = camera('a');
    snoozed.snoozedUntil = new Date(now).toISOString();
    expect(snoozedUntil(snoozed, now - 1)).toBe(now);
    expect(snoozedUntil(snoozed, now)).toBeUndefined();
    expect(signs(snoozed, now)).toEqual([]);
  });
});

describe('limits', () => {
  it('are told as the sum of what no camera told', () => {
    const model = new Model();
    const cameras = [camera('a', { eventsOverLimit: '3' }), camera('b', { eventsOverTownLimit: '4' })];
    model.apply({ type: 'cameras', time, snapshot: true, cameras, removed: [] });
    expect(model.eventsOverLimit()).toBe(7);
  });
});
