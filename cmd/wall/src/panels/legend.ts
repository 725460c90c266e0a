// What the map's colours and signs mean.
import { h } from '../dom';
import { drawUnitIcon } from '../map/icons';
import { t } from '../strings';

export function legend(): HTMLElement {
  const row = (sign: HTMLElement, text: string): HTMLElement => h('li', {}, sign, text);
  const line = (kind: string): HTMLElement => h('i', { class: `sign-line ${kind}` });
  const dot = (kind: string): HTMLElement => h('i', { class: `sign-dot ${kind}` });
  const icon = (how: 'known' | 'stale' | 'offNetwork'): HTMLElement => {
    const canvas = drawUnitIcon('TRAVEL_MODE_CAR', how);
    canvas.className = 'sign-icon';
    return canvas;
  };
  return h(
    'details',
    { class: 'legend', id: 'legend', open: true },
    h('summary', {}, t().legend),
    h('h4', {}, t().arrival),
    h(
      'ul',
      {},
      row(line('quick'), t().upTo(0, 60)),
      row(line('near'), t().upTo(60, 120)),
      row(line('far'), t().upTo(120, 180)),
      row(line('unknown'), t().unknownRoad),
      row(line('not-covered'), t().notCoveredRoad),
    ),
    h('h4', {}, t().unitLegend),
    h(
      'ul',
      { class: 'inline' },
      row(icon('known'), t().known),
      row(icon('stale'), t().stale),
      row(icon('offNetwork'), t().offNetwork),
    ),
    h('h4', {}, t().cameraLegend),
    h(
      'ul',
      { class: 'inline' },
      row(dot('streaming'), t().streaming),
      row(dot('blind'), t().blind),
      row(dot('offline'), t().offline),
    ),
    h('ul', {}, row(dot('moving'), t().cameraMoving), row(dot('unattended'), t().cameraUnattended)),
  );
}
