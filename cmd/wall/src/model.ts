// What the wall knows, and how a message changes it. Pure: no DOM, no clock of its own.
import { instant } from './format';
import type { Area, Camera, Coverage, MotionEvent, StreamMessage, Unit } from './types';

export const HOUR_MS = 3_600_000;
// Events kept for the list; more stay in the service.
export const EVENTS_KEPT = 200;

export type CameraLook = 'streaming' | 'blind' | 'waiting' | 'connecting' | 'off';

export interface CameraCounts {
  streaming: number;
  blind: number;
  offline: number;
  off: number;
  // Of those that stream: something is wrong with the picture.
  unhealthy: number;
  total: number;
}

// Parts of the model that a message may change.
export type Part = 'coverage' | 'events' | 'units' | 'cameras' | 'sources';

export class Model {
  coverage: Coverage | undefined;
  readonly units = new Map<string, Unit>();
  readonly cameras = new Map<string, Camera>();
  readonly areas = new Map<string, Area>();
  // By name.
  readonly events = new Map<string, MotionEvent>();
  // Events by begin, for the hour's figures: name -> begin (ms) and whether unattended.
  private readonly hour = new Map<string, { begin: number; unattended: boolean }>();
  // "live" or why not, by source.
  sources: Record<string, string> = {};

  // Takes in a message; says which part changed.
  apply(message: StreamMessage): Part | undefined {
    switch (message.type) {
      case 'hello':
        return undefined;
      case 'heartbeat':
        this.sources = message.sources;
        return 'sources';
      case 'coverage':
        this.coverage = message.coverage;
        return 'coverage';
      case 'motion':
        // A snapshot is the latest of all: what ended long ago is dropped with it.
        if (message.snapshot) this.events.clear();
        for (const event of message.motionEvents) this.keepEvent(event);
        this.dropOldEvents();
        return 'events';
      case 'units':
        applyList(this.units, message.units, message.removed, message.snapshot);
        return 'units';
      case 'cameras':
        applyList(this.cameras, message.cameras, message.removed, message.snapshot);
        return 'cameras';
    }
  }

  // An event for the hour's figures only, from the stored list.
  countEvent(event: MotionEvent): void {
    const begin = instant(event.beginTime);
    if (begin === undefined) return;
    // What an operator marked as none is none.
    if (event.notAnEvent) this.hour.delete(event.name);
    else this.hour.set(event.name, { begin, unattended: event.response?.unattended ?? false });
  }

  // Events begun within the hour before `now`, and how many of them nobody could reach.
  eventsOfHour(now: number): { begun: number; unattended: number } {
    const figures = { begun: 0, unattended: 0 };
    for (const [name, event] of this.hour) {
      if (event.begin < now - HOUR_MS) {
        this.hour.delete(name);
        continue;
      }
      figures.begun += 1;
      if (event.unattended) figures.unattended += 1;
    }
    return figures;
  }

  // The latest begin first.
  eventsByTime(): MotionEvent[] {
    return [...this.events.values()].sort(
      (a, b) => (instant(b.beginTime) ?? 0) - (instant(a.beginTime) ?? 0) || (a.name < b.name ? 1 : -1),
    );
  }

  // The event going on at each camera, by camera name; the latest where there are two.
  ongoingByCamera(): Map<string, MotionEvent> {
    const ongoing = new Map<string, MotionEvent>();
    for (const event of this.eventsByTime()) {
      if (event.notAnEvent) continue;
      if (isOngoing(event) && !ongoing.has(event.camera)) ongoing.set(event.camera, event);
    }
    return ongoing;
  }

  cameraCounts(): CameraCounts {
    const counts = { streaming: 0, blind: 0, offline: 0, off: 0, unhealthy: 0, total: this.cameras.size };
    for (const camera of this.cameras.values()) {
      const look = cameraLook(camera);
      const seen = look === 'streaming' || look === 'blind';
      if (seen && (camera.state?.health ?? []).length > 0) counts.unhealthy += 1;
      if (look === 'streaming') counts.streaming += 1;
      else if (look === 'blind') counts.blind += 1;
      else if (look === 'off') counts.off += 1;
      else counts.offline += 1;
    }
    return counts;
  }

  // Events that no camera told because it, or the town, had told as many as it may in an hour.
  eventsOverLimit(): number {
    let over = 0;
    for (const { state } of this.cameras.values()) {
      over += Number(state?.eventsOverLimit ?? 0) + Number(state?.eventsOverTownLimit ?? 0);
    }
    return over;
  }

  // What the answer to a call of our own says: the stream tells it too, a moment later.
  keep(item: { event: MotionEvent } | { camera: Camera }): void {
    if ('event' in item) this.keepEvent(item.event);
    else this.cameras.set(item.camera.name, item.camera);
  }

  private keepEvent(event: MotionEvent): void {
    this.events.set(event.name, event);
    this.countEvent(event);
  }

  private dropOldEvents(): void {
    if (this.events.size <= EVENTS_KEPT) return;
    for (const event of this.eventsByTime().slice(EVENTS_KEPT)) this.events.delete(event.name);
  }
}

function applyList<T extends { name: string }>(
  known: Map<string, T>,
  changed: T[],
  removed: string[],
  snapshot: boolean,
): void {
  if (snapshot) known.clear();
  for (const item of changed) known.set(item.name, item);
  for (const name of removed) known.delete(name);
}

export function isOngoing(event: MotionEvent): boolean {
  return event.phase !== 'MOTION_PHASE_END' && !event.cutShort;
}

// One word for how a camera does: blind only where a stream comes in that cannot be seen.
export function cameraLook(camera: Camera): CameraLook {
  if (camera.disabled) return 'off';
  switch (camera.state?.phase) {
    case 'CAMERA_PHASE_STREAMING':
      return camera.state.blind ? 'blind' : 'streaming';
    case 'CAMERA_PHASE_CONNECTING':
      return 'connecting';
    case 'CAMERA_PHASE_OFF':
      return 'off';
    default:
      return 'waiting';
  }
}

// Something moves there now and nobody can be there in time. What an operator marked as no event
// needs nobody.
export function isUnattended(event: MotionEvent | undefined): boolean {
  return event?.notAnEvent !== true && (event?.response?.unattended ?? false);
}

// Until when (ms) a camera tells no events; undefined: it is not snoozed.
export function snoozedUntil(camera: Camera | undefined, now: number): number | undefined {
  const until = instant(camera?.snoozedUntil);
  return until !== undefined && until > now ? until : undefined;
}

export type SignKind = 'hidden' | 'health' | 'learning' | 'snoozed' | 'busy' | 'masked';

// What keeps a camera from telling all that moves in its picture; the gravest first.
export interface Sign {
  kind: SignKind;
  // Of health: what is wrong, as the API calls it.
  state?: string;
}

export function signs(camera: Camera | undefined, now: number): Sign[] {
  const found: Sign[] = [];
  const state = camera?.state;
  if (camera === undefined || state === undefined || camera.disabled) return found;
  const privacy = state.privacy ?? '';
  const hidden = privacy.startsWith('hidden');
  if (hidden) found.push({ kind: 'hidden' });
  const findings = [...(state.health ?? [])].sort((a, b) => b.severity - a.severity);
  for (const finding of findings) {
    // A black picture of a hidden camera is as it should be.
    if (!hidden || finding.state !== 'black') found.push({ kind: 'health', state: finding.state });
  }
  if (state.learning && !hidden) found.push({ kind: 'learning' });
  if (snoozedUntil(camera, now) !== undefined) found.push({ kind: 'snoozed' });
  if ((state.zones ?? []).some((zone) => zone.busy)) found.push({ kind: 'busy' });
  if (privacy === 'masked') found.push({ kind: 'masked' });
  return found;
}
