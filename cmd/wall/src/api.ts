// Calls to the service.
import { instant } from './format';
import type { Area, Camera, CoverageWindow, LonLat, MotionEvent, PlaceExplanation } from './types';

const PAGE = 1000;
// Pages fetched of one list: beyond this a figure is a lower bound, and 5,000 events an hour are a
// fault of their own.
const PAGES_MAX = 5;

async function get(path: string): Promise<Response> {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path}: HTTP ${response.status}`);
  return response;
}

async function list<T>(path: string, field: string): Promise<T[]> {
  const items: T[] = [];
  let token = '';
  for (let page = 0; page < PAGES_MAX; ++page) {
    const separator = path.includes('?') ? '&' : '?';
    const response = await get(
      `${path}${separator}pageSize=${PAGE}&pageToken=${encodeURIComponent(token)}`,
    );
    const body = (await response.json()) as Record<string, unknown>;
    items.push(...((body[field] ?? []) as T[]));
    token = (body['nextPageToken'] as string | undefined) ?? '';
    if (token === '') break;
  }
  return items;
}

export function listAreas(): Promise<Area[]> {
  return list<Area>('/v1/areas', 'areas');
}

export function listEventsSince(ms: number): Promise<MotionEvent[]> {
  const from = encodeURIComponent(new Date(ms).toISOString());
  return list<MotionEvent>(`/v1/motionEvents?fromTime=${from}`, 'motionEvents');
}

export async function getGeoJson(path: string): Promise<GeoJSON.FeatureCollection> {
  return (await (await get(path)).json()) as GeoJSON.FeatureCollection;
}

// Why a place is covered or not, now.
export async function explainPlace(place: LonLat): Promise<PlaceExplanation> {
  return (await (await get(`/v1/coverage/place?lon=${place.lon}&lat=${place.lat}`)).json()) as PlaceExplanation;
}

async function change<T>(method: 'DELETE' | 'PATCH' | 'POST', path: string, body?: unknown): Promise<T> {
  const init: RequestInit = { method };
  if (body !== undefined) {
    init.headers = { 'Content-Type': 'application/json' };
    init.body = JSON.stringify(body);
  }
  const response = await fetch(path, init);
  if (!response.ok) {
    const told = (await response.json().catch(() => undefined)) as { error?: { message?: string } } | undefined;
    throw new Error(told?.error?.message ?? `${path}: HTTP ${response.status}`);
  }
  return (await response.json()) as T;
}

// Says that an event was none, or takes that back.
export function markEvent(name: string, notAnEvent: boolean): Promise<MotionEvent> {
  return change<MotionEvent>('PATCH', `/v1/${name}?updateMask=notAnEvent`, { notAnEvent });
}

// No events of a camera until then (ms); undefined: no longer.
export function snoozeCamera(name: string, until: number | undefined): Promise<Camera> {
  const body = until === undefined ? {} : { snoozedUntil: new Date(until).toISOString() };
  return change<Camera>('PATCH', `/v1/${name}?updateMask=snoozedUntil`, body);
}

// What a camera shows now is its view from here on.
export function acceptView(name: string): Promise<Camera> {
  return change<Camera>('POST', `/v1/${name}/acceptView`);
}

// Orders a window of the past; instants in ms.
export function orderWindow(from: number, to: number): Promise<CoverageWindow> {
  return change<CoverageWindow>('POST', '/v1/coverageWindows', {
    fromTime: new Date(from).toISOString(),
    toTime: new Date(to).toISOString(),
  });
}

export async function getWindow(name: string): Promise<CoverageWindow> {
  return (await (await get(`/v1/${name}`)).json()) as CoverageWindow;
}

export function deleteWindow(name: string): Promise<unknown> {
  return change<unknown>('DELETE', `/v1/${name}`);
}

// Where the gaps of a window were, the largest first.
export function getBlindSpots(name: string): Promise<GeoJSON.FeatureCollection> {
  return getGeoJson(`/v1/${name}/blindSpots`);
}

export interface Picture {
  blob: Blob;
  // Instant of capture, ms of the service's clock; undefined for stills of events.
  time: number | undefined;
}

export async function getPicture(path: string): Promise<Picture> {
  const response = await get(path);
  return {
    blob: await response.blob(),
    time: instant(response.headers.get('X-Picture-Time') ?? undefined),
  };
}
