import { describe, expect, it } from 'vitest';
import { boundsOf, centre, parseLine } from '../src/map/geometry';

const square = (lon: number, lat: number, size: number) => [
  [lon, lat],
  [lon + size, lat],
  [lon + size, lat + size],
  [lon, lat + size],
  [lon, lat],
];

describe('centre', () => {
  it('is the middle of a square, to the centimetre', () => {
    const place = centre(JSON.stringify({ type: 'Polygon', coordinates: [square(113.2, 22.9, 0.01)] }));
    expect(place?.lon).toBeCloseTo(113.205, 7);
    expect(place?.lat).toBeCloseTo(22.905, 7);
  });

  it('is in the largest part of several', () => {
    const geometry = { type: 'MultiPolygon', coordinates: [[square(0, 0, 1)], [square(10, 10, 4)]] };
    expect(centre(JSON.stringify(geometry))).toEqual({ lon: 12, lat: 12 });
  });

  it('is nowhere for what is no polygon', () => {
    expect(centre('')).toBeUndefined();
    expect(centre('{"type":"Point","coordinates":[1,2]}')).toBeUndefined();
    expect(centre('{"type":"Polygon","coordinates":[]}')).toBeUndefined();
  });
});

describe('boundsOf', () => {
  it('encloses all coordinates', () => {
    const line: GeoJSON.LineString = { type: 'LineString', coordinates: [[3, 4], [-1, 7]] };
    const point: GeoJSON.Point = { type: 'Point', coordinates: [5, 5] };
    expect(boundsOf([line, null, point])).toEqual({ west: -1, south: 4, east: 5, north: 7 });
    expect(boundsOf([])).toBeUndefined();
  });
});

describe('parseLine', () => {
  it('reads the way to a place, and nothing else', () => {
    const line = { type: 'LineString', coordinates: [[1, 2], [3, 4]] };
    expect(parseLine(JSON.stringify(line))).toEqual(line);
    expect(parseLine('')).toBeUndefined();
    expect(parseLine('{"type":"Point","coordinates":[1,2]}')).toBeUndefined();
    expect(parseLine('{"type":"LineString","coordinates":[[1,2]]}')).toBeUndefined();
  });
});
