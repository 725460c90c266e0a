// The map's own style: no tiles, no fonts, nothing from outside.
import type { StyleSpecification, ExpressionSpecification, LayerSpecification } from 'maplibre-gl';

export const colours = {
  background: '#0a1120',
  quick: '#2fd3a0',
  near: '#e5c454',
  far: '#f08a3c',
  late: '#ff5c66',
  unknown: '#8a97ab',
  known: '#6ab0ff',
  stale: '#d9a441',
  offNetwork: '#8a97ab',
  camera: '#4fb8c4',
  blind: '#b18cff',
  offline: '#76839a',
  moving: '#ffd166',
} as const;

export const COVERED_OPACITY = 0.72;
export const UNKNOWN_OPACITY = 0.8;

const empty: GeoJSON.FeatureCollection = { type: 'FeatureCollection', features: [] };

// Width in pixels by OSM class, growing with zoom.
function roadWidth(scale: number): ExpressionSpecification {
  const at = (factor: number): ExpressionSpecification => [
    'match',
    ['get', 'class'],
    ['motorway', 'trunk', 'motorway_link', 'trunk_link'],
    3.2 * factor * scale,
    ['primary', 'primary_link'],
    2.6 * factor * scale,
    ['secondary', 'secondary_link'],
    2.0 * factor * scale,
    ['tertiary', 'tertiary_link'],
    1.5 * factor * scale,
    ['residential', 'unclassified', 'living_street', 'road'],
    1.0 * factor * scale,
    0.6 * factor * scale,
  ];
  return ['interpolate', ['exponential', 1.5], ['zoom'], 10, at(0.5), 13, at(1), 16, at(2.6), 19, at(9)];
}

function blindSpotWidth(scale: number): ExpressionSpecification {
  return ['interpolate', ['linear'], ['zoom'], 10, 1.6 * scale, 13, 3 * scale, 16, 7 * scale];
}

const roadColour: ExpressionSpecification = [
  'match',
  ['get', 'class'],
  ['motorway', 'trunk', 'motorway_link', 'trunk_link', 'primary', 'primary_link'],
  '#3a4a68',
  ['secondary', 'secondary_link', 'tertiary', 'tertiary_link'],
  '#2f3d58',
  ['residential', 'unclassified', 'living_street', 'road'],
  '#263248',
  '#1d2739',
];

// No ratio yet: neither good nor bad.
const ratioColour: ExpressionSpecification = [
  'interpolate',
  ['linear'],
  ['coalesce', ['feature-state', 'ratio'], 0.5],
  0,
  '#ff5c66',
  0.5,
  '#7a86a0',
  1,
  '#2fd3a0',
];

const arrivalColour: ExpressionSpecification = [
  'step',
  ['coalesce', ['get', 'arrival_s'], 0],
  colours.quick,
  60,
  colours.near,
  120,
  colours.far,
];

const cameraColour: ExpressionSpecification = [
  'match',
  ['get', 'look'],
  'streaming',
  colours.camera,
  'blind',
  colours.blind,
  colours.offline,
];

const layers: LayerSpecification[] = [
  { id: 'background', type: 'background', paint: { 'background-color': colours.background } },
  {
    id: 'area-fill',
    type: 'fill',
    source: 'areas',
    paint: {
      'fill-color': ratioColour,
      'fill-opacity': ['match', ['get', 'kind'], 'village', 0.09, 0.001],
    },
  },
  {
    id: 'area-grid-line',
    type: 'line',
    source: 'areas',
    filter: ['!', ['in', ['get', 'kind'], ['literal', ['village', 'town']]]],
    minzoom: 12.5,
    paint: { 'line-color': '#32435f', 'line-width': 0.8, 'line-dasharray': [1, 3] },
  },
  {
    id: 'area-line',
    type: 'line',
    source: 'areas',
    filter: ['in', ['get', 'kind'], ['literal', ['village', 'town']]],
    paint: {
      'line-color': '#40557a',
      'line-width': ['match', ['get', 'kind'], 'town', 2, 1],
      'line-opacity': 0.8,
    },
  },
  {
    id: 'network',
    type: 'line',
    source: 'network',
    layout: { 'line-cap': 'round', 'line-join': 'round' },
    paint: { 'line-color': roadColour, 'line-width': roadWidth(1) },
  },
  {
    id: 'unknown',
    type: 'line',
    source: 'roads',
    filter: ['==', ['get', 'state'], 'unknown'],
    paint: {
      'line-color': colours.unknown,
      'line-width': ['interpolate', ['linear'], ['zoom'], 10, 1, 13, 1.6, 16, 3],
      'line-dasharray': [2, 2],
      'line-opacity': UNKNOWN_OPACITY,
    },
  },
  {
    id: 'covered',
    type: 'line',
    source: 'roads',
    filter: ['==', ['get', 'state'], 'covered'],
    layout: { 'line-cap': 'round', 'line-join': 'round' },
    paint: {
      'line-color': arrivalColour,
      'line-width': ['interpolate', ['linear'], ['zoom'], 10, 0.9, 13, 1.7, 16, 4, 19, 10],
      'line-opacity': COVERED_OPACITY,
    },
  },
  {
    id: 'blind-spots-edge',
    type: 'line',
    source: 'blind-spots',
    layout: { 'line-cap': 'round', 'line-join': 'round' },
    paint: { 'line-color': colours.background, 'line-width': blindSpotWidth(1.8) },
  },
  {
    id: 'blind-spots',
    type: 'line',
    source: 'blind-spots',
    layout: { 'line-cap': 'round', 'line-join': 'round' },
    // The longer uncovered, the redder.
    paint: {
      'line-color': ['interpolate', ['linear'], ['get', 'share'], 0, '#ff9aa2', 0.5, colours.late, 1, '#c4001d'],
      'line-width': blindSpotWidth(1),
    },
  },
  {
    id: 'route',
    type: 'line',
    source: 'route',
    layout: { 'line-cap': 'round', 'line-join': 'round' },
    paint: { 'line-color': '#ffffff', 'line-width': 3.5, 'line-opacity': 0.85 },
  },
  {
    id: 'area-selected',
    type: 'line',
    source: 'areas',
    filter: ['==', ['get', 'name'], ''],
    paint: { 'line-color': '#d7e1f0', 'line-width': 2.2 },
  },
  {
    id: 'cameras',
    type: 'circle',
    source: 'cameras',
    paint: {
      'circle-color': cameraColour,
      'circle-radius': ['interpolate', ['linear'], ['zoom'], 10, 1.6, 13, 3.2, 16, 6],
      'circle-opacity': ['match', ['get', 'look'], 'off', 0.3, 'streaming', 0.9, 1],
      'circle-stroke-color': colours.background,
      'circle-stroke-width': 1,
    },
  },
];

export function mapStyle(): StyleSpecification {
  return {
    version: 8,
    sources: {
      areas: { type: 'geojson', data: empty, promoteId: 'name' },
      network: { type: 'geojson', data: empty, tolerance: 0.5, maxzoom: 15 },
      roads: { type: 'geojson', data: empty, tolerance: 0.4, maxzoom: 15 },
      'blind-spots': { type: 'geojson', data: empty, tolerance: 0.5, maxzoom: 15 },
      route: { type: 'geojson', data: empty },
      cameras: { type: 'geojson', data: empty },
    },
    layers,
  };
}
