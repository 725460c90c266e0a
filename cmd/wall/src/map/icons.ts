// Icons of units, drawn here: one for each travel mode and state of knowledge.
import type { Knowledge, TravelMode, Unit } from '../types';
import { colours } from './style';

const SIZE = 30;
const RATIO = 2;

type Draw = (c: CanvasRenderingContext2D) => void;

function wheel(c: CanvasRenderingContext2D, x: number, y: number, r: number): void {
  c.beginPath();
  c.arc(x, y, r, 0, 2 * Math.PI);
  c.stroke();
}

function line(c: CanvasRenderingContext2D, ...points: [number, number][]): void {
  c.beginPath();
  points.forEach(([x, y], i) => (i === 0 ? c.moveTo(x, y) : c.lineTo(x, y)));
  c.stroke();
}

// In a box of 24 by 24; the colour is set.
const glyphs: Record<string, Draw> = {
  TRAVEL_MODE_CAR: (c) => {
    c.fill(new Path2D('M4 16.5V13l2-4.6Q6.5 7.3 7.7 7.3h8.6q1.2 0 1.7 1.1l2 4.6v3.5z'));
    c.fillRect(5.2, 16, 3.2, 2.6);
    c.fillRect(15.6, 16, 3.2, 2.6);
    c.fillStyle = '#0d1828';
    c.fill(new Path2D('M7.4 12l1.1-2.9h7l1.1 2.9z'));
  },
  TRAVEL_MODE_MOTORCYCLE: (c) => {
    wheel(c, 6.3, 15.5, 3);
    wheel(c, 17.7, 15.5, 3);
    line(c, [6.3, 15.5], [9.5, 11], [15, 11], [17.7, 15.5]);
    line(c, [15, 11], [14, 7.8], [16.8, 7.2]);
    c.fillRect(8.6, 9.4, 5.4, 2.6);
  },
  TRAVEL_MODE_EBIKE: (c) => {
    wheel(c, 6, 16, 2.8);
    wheel(c, 18, 16, 2.8);
    line(c, [6, 16], [12, 16.4], [18, 16]);
    c.fill(new Path2D('M13.2 4.6L8.8 11.4h3l-1.2 4.4 5-7h-3z'));
  },
  TRAVEL_MODE_BICYCLE: (c) => {
    wheel(c, 6.2, 15.2, 3.2);
    wheel(c, 17.8, 15.2, 3.2);
    line(c, [6.2, 15.2], [9.6, 9.4], [15.2, 9.4], [12, 15.2], [6.2, 15.2]);
    line(c, [15, 7.4], [17.8, 15.2]);
    line(c, [9, 7.8], [12, 15.2]);
  },
  TRAVEL_MODE_FOOT: (c) => {
    c.beginPath();
    c.arc(12.4, 5.8, 1.9, 0, 2 * Math.PI);
    c.fill();
    line(c, [12.2, 9], [11.6, 13.6], [8.8, 18.8]);
    line(c, [11.6, 13.6], [14.8, 18.8]);
    line(c, [8.4, 12], [12.2, 9.2], [15.6, 11.6]);
  },
};

type Look = 'known' | 'stale' | 'offNetwork';

function look(knowledge: Knowledge | undefined): Look | undefined {
  switch (knowledge) {
    case 'UNIT_KNOWLEDGE_KNOWN':
      return 'known';
    case 'UNIT_KNOWLEDGE_STALE':
      return 'stale';
    case 'UNIT_KNOWLEDGE_OFF_NETWORK':
      return 'offNetwork';
    default:
      // Lost, off duty, never heard of: placed nowhere.
      return undefined;
  }
}

// Address of a unit's icon; undefined when the unit is placed nowhere.
export function unitIcon(unit: Unit): string | undefined {
  const how = look(unit.state?.knowledge);
  if (how === undefined || unit.state?.position === undefined) return undefined;
  const mode: TravelMode = unit.mode in glyphs ? unit.mode : 'TRAVEL_MODE_CAR';
  const key = `${mode}-${how}`;
  let url = drawn.get(key);
  if (url === undefined) {
    url = drawUnitIcon(mode, how).toDataURL();
    drawn.set(key, url);
  }
  return url;
}

const drawn = new Map<string, string>();

export function drawUnitIcon(mode: string, how: Look): HTMLCanvasElement {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = SIZE * RATIO;
  const c = canvas.getContext('2d');
  if (c === null) return canvas;
  const colour = colours[how];
  c.scale(RATIO, RATIO);
  c.globalAlpha = how === 'known' ? 1 : 0.8;
  c.fillStyle = '#0d1828';
  c.strokeStyle = colour;
  c.lineWidth = 2;
  c.beginPath();
  c.arc(SIZE / 2, SIZE / 2, SIZE / 2 - 2, 0, 2 * Math.PI);
  c.fill();
  if (how !== 'known') c.setLineDash([3, 3]);
  c.stroke();
  c.setLineDash([]);
  c.translate((SIZE - 21) / 2, (SIZE - 21) / 2 - 0.4);
  c.scale(21 / 24, 21 / 24);
  c.fillStyle = colour;
  c.lineWidth = 1.9;
  c.lineCap = c.lineJoin = 'round';
  glyphs[mode]?.(c);
  return canvas;
}
