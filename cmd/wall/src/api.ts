// Calls to the service.
import { instant } from './format';
import type { Area, MotionEvent } from './types';

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
