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

export interface Camera {
  name: string;
  displayName: string;
  position?: LonLat;
  headingDeg: number;
  fieldOfViewDeg: number;
  disabled: boolean;
  state?: {
    phase: CameraPhase;
    reason: string;
    since?: string;
    codec: string;
    width: number;
    height: number;
    blind: boolean;
    moving: boolean;
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
