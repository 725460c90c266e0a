// The little geometry the map needs. Pure.
import type { LonLat } from '../types';

export interface Bounds {
  west: number;
  south: number;
  east: number;
  north: number;
}

type Ring = GeoJSON.Position[];

export function parseGeometry(json: string): GeoJSON.Polygon | GeoJSON.MultiPolygon | undefined {
  try {
    const geometry = JSON.parse(json) as GeoJSON.Geometry;
    return geometry.type === 'Polygon' || geometry.type === 'MultiPolygon' ? geometry : undefined;
  } catch {
    return undefined;
  }
}

// undefined for what is no line of two places or more.
export function parseLine(json: string): GeoJSON.LineString | undefined {
  try {
    const geometry = JSON.parse(json) as GeoJSON.Geometry;
    return geometry.type === 'LineString' && geometry.coordinates.length > 1 ? geometry : undefined;
  } catch {
    return undefined;
  }
}

// Twice the signed area, in square degrees.
function twiceArea(ring: Ring): number {
  let sum = 0;
  for (let i = 0; i + 1 < ring.length; ++i) {
    const [x1 = 0, y1 = 0] = ring[i] ?? [];
    const [x2 = 0, y2 = 0] = ring[i + 1] ?? [];
    sum += x1 * y2 - x2 * y1;
  }
  return sum;
}

// Where to write an area's name: the centroid of its largest ring.
export function centre(geometryJson: string): LonLat | undefined {
  const geometry = parseGeometry(geometryJson);
  if (geometry === undefined) return undefined;
  const polygons = geometry.type === 'Polygon' ? [geometry.coordinates] : geometry.coordinates;
  const rings = polygons.map((polygon) => polygon[0] ?? []);
  const ring = rings.sort((a, b) => Math.abs(twiceArea(b)) - Math.abs(twiceArea(a)))[0];
  if (ring === undefined || ring.length === 0) return undefined;
  const area = twiceArea(ring);
  const [lon0 = 0, lat0 = 0] = ring[0] ?? [];
  if (area === 0) return { lon: lon0, lat: lat0 };
  let lon = 0;
  let lat = 0;
  // Relative to the first corner: products of whole degrees would eat the digits.
  for (let i = 0; i + 1 < ring.length; ++i) {
    const [x1 = 0, y1 = 0] = ring[i] ?? [];
    const [x2 = 0, y2 = 0] = ring[i + 1] ?? [];
    const cross = (x1 - lon0) * (y2 - lat0) - (x2 - lon0) * (y1 - lat0);
    lon += (x1 + x2 - 2 * lon0) * cross;
    lat += (y1 + y2 - 2 * lat0) * cross;
  }
  return { lon: lon0 + lon / (3 * area), lat: lat0 + lat / (3 * area) };
}

function extend(bounds: Bounds, position: GeoJSON.Position): void {
  const [lon = NaN, lat = NaN] = position;
  bounds.west = Math.min(bounds.west, lon);
  bounds.east = Math.max(bounds.east, lon);
  bounds.south = Math.min(bounds.south, lat);
  bounds.north = Math.max(bounds.north, lat);
}

function extendAll(bounds: Bounds, coordinates: unknown): void {
  if (!Array.isArray(coordinates)) return;
  if (typeof coordinates[0] === 'number') extend(bounds, coordinates as GeoJSON.Position);
  else for (const part of coordinates) extendAll(bounds, part);
}

// Around all coordinates; undefined when there are none.
export function boundsOf(geometries: readonly (GeoJSON.Geometry | null)[]): Bounds | undefined {
  const bounds = { west: Infinity, south: Infinity, east: -Infinity, north: -Infinity };
  for (const geometry of geometries) {
    if (geometry !== null && geometry.type !== 'GeometryCollection') extendAll(bounds, geometry.coordinates);
  }
  return bounds.west <= bounds.east ? bounds : undefined;
}
