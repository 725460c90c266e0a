// Lists of what is known of something: label, value, tone.
import { h, setAttribute, setText } from '../dom';

export type Fact = [label: string, value: string, tone?: string];

// Rows are reused, so that a selection of text survives the clock.
export function drawFacts(list: HTMLElement, facts: Fact[]): void {
  while (list.children.length > facts.length) list.lastElementChild?.remove();
  facts.forEach(([label, value, tone], i) => {
    let row = list.children[i];
    if (row === undefined) {
      row = h('div', {}, h('dt'), h('dd'));
      list.append(row);
    }
    const [term, description] = [row.children[0], row.children[1]];
    if (term === undefined || description === undefined) return;
    setText(term, label);
    setText(description, value);
    setAttribute(description, 'data-tone', tone);
  });
}
