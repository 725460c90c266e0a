// The API as the wall sees it: proto3 JSON of proto/patrol/v1 through the gateway.

export interface LonLat {
  lon: number;
  lat: number;
}

export type TravelMode =
  | 'TRAVEL_MODE_UNSPECIFIED'
  | 'TRAVEL_MODE_CAR'
  | 'TRAVEL_MODE_MOTORCYCLE'
  | 'TRAVEL_MODE_EBIKE'
  | 'TRAVEL_MODE_BICYCLE'
  | 'TRAVEL_MODE_FOOT';

export type Knowledge =
  | 'UNIT_KNOWLEDGE_UNSPECIFIED'
  | 'UNIT_KNOWLEDGE_KNOWN'
  | 'UNIT_KNOWLEDGE_STALE'
  | 'UNIT_KNOWLEDGE_LOST'
  | 'UNIT_KNOWLEDGE_OFF_NETWORK'
  | 'UNIT_KNOWLEDGE_OFF_DUTY';

export interface Unit {
  name: string;
  displayName: string;
  mode: TravelMode;
  force: string;
  offDuty: boolean;
  state?: {
    knowledge: Knowledge;
    fixTime?: string;
    position?: LonLat;
    matched?: LonLat;
    distanceM: number;
  };
}

export type CameraPhase =
  | 'CAMERA_PHASE_UNSPECIFIED'
  | 'CAMERA_PHASE_OFF'
  | 'CAMERA_PHASE_WAITING'
  | 'CAMERA_PHASE_CONNECTING'
  | 'CAMERA_PHASE_STREAMING';

// Something is wrong with a camera's picture.
export interface PictureFinding {
  state: string;
  onsetTime?: string;
  severity: number;
  reason: string;
}

export interface ZoneState {
  // Empty: all of the picture.
  id: string;
  watched: boolean;
  moving: boolean;
  busy: boolean;
  // Of the last ten minutes, 0..1.
  movingShare: number;
  // At this hour of the day; not there until known.
  usualShare?: number;
}

export interface Camera {
  name: string;
  displayName: string;
  position?: LonLat;
  headingDeg: number;
  fieldOfViewDeg: number;
  disabled: boolean;
  snoozedUntil?: string;
  viewMoved: boolean;
  state?: {
    phase: CameraPhase;
    reason: string;
    since?: string;
    codec: string;
    width: number;
    height: number;
    blind: boolean;
    moving: boolean;
    // Of what the camera shows: it tells nothing yet.
    learning: boolean;
    // "masked"; "hidden: " and why; empty without a privacy mask.
    privacy: string;
    health: PictureFinding[];
    zones: ZoneState[];
    // 64-bit counts: text.
    notEvents: Record<string, string>;
    eventsOverLimit: string;
    eventsOverTownLimit: string;
  };
}

export interface Area {
  name: string;
  displayName: string;
  kind: string;
  parent: string;
  geometryJson: string;
  patrollableM: number;
}

export interface AreaCoverage {
  area: string;
  displayName: string;
  kind: string;
  patrollableM: number;
  coveredM: number;
  unknownM: number;
  notCoveredM: number;
  coveredRatio: number;
  coveredOrUnknownRatio: number;
}

export interface Coverage {
  revision: string;
  time?: string;
  reach?: string;
  town?: AreaCoverage;
  areas: AreaCoverage[];
  units?: { known: number; stale: number; lost: number; offNetwork: number; offDuty: number };
}

// Coverage over a span of time.
export interface SpanCoverage {
  hourStart?: string;
  coveredRatio: number;
  coveredOrUnknownRatio: number;
  coveredP5: number;
  coveredP50: number;
  coveredP95: number;
  longestUncovered?: string;
}

export interface AreaWindow {
  // Empty for the whole network.
  area: string;
  displayName: string;
  kind: string;
  patrollableM: number;
  window?: SpanCoverage;
  hours: SpanCoverage[];
}

export interface CoverageWindow {
  name: string;
  fromTime?: string;
  toTime?: string;
  gapMin?: string;
  state: 'STATE_UNSPECIFIED' | 'STATE_WAITING' | 'STATE_RUNNING' | 'STATE_SUCCEEDED' | 'STATE_FAILED';
  // 0..1.
  progress: number;
  error: string;
  town?: AreaWindow;
  areas: AreaWindow[];
  units: number;
  blindSpots: number;
  blindSpotsM: number;
}

export type PlaceState =
  | 'STATE_UNSPECIFIED'
  | 'STATE_COVERED'
  | 'STATE_UNKNOWN'
  | 'STATE_NOT_COVERED'
  | 'STATE_OFF_NETWORK';

export interface PlaceExplanation {
  state: PlaceState;
  time?: string;
  // The known unit that is there first, within an hour; empty where none is.
  unit: string;
  arrival?: string;
  routeLengthM: number;
  // A GeoJSON LineString, from the unit to the place; empty without a unit.
  routeGeojson: string;
  roadDistanceM: number;
  reason: string;
}

// Shares of a picture's width and height from the top left, 0..1.
export interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

export type MotionPhase =
  | 'MOTION_PHASE_UNSPECIFIED'
  | 'MOTION_PHASE_BEGIN'
  | 'MOTION_PHASE_UPDATE'
  | 'MOTION_PHASE_END';

export interface MotionEvent {
  name: string;
  camera: string;
  phase: MotionPhase;
  beginTime?: string;
  lastTime?: string;
  zone?: Box;
  strength: number;
  hasStill: boolean;
  cutShort: boolean;
  // Id of the camera's zone; empty where it has none.
  zoneId: string;
  direction: string;
  ending: string;
  reason: string;
  confidence: number;
  onsetSource: string;
  onsetUncertainty?: string;
  // Marked by an operator.
  notAnEvent: boolean;
  response?: {
    area: string;
    nearestUnit: string;
    arrival?: string;
    unattended: boolean;
    reason: string;
  };
}

// What comes over GET /v1/stream; `time` is the service's clock.
export type StreamMessage = { time: string } & (
  | { type: 'hello'; version: string; heartbeatS: number }
  | { type: 'heartbeat'; sources: Record<string, string> }
  | { type: 'coverage'; coverage: Coverage }
  | { type: 'motion'; snapshot: boolean; motionEvents: MotionEvent[] }
  | { type: 'units'; snapshot: boolean; units: Unit[]; removed: string[] }
  | { type: 'cameras'; snapshot: boolean; cameras: Camera[]; removed: string[] }
);
