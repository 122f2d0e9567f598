/** Characters that a terminal draws in two cells: those of East Asia, and emoji. */
const WIDE =
  /^(?:[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{1b000}-\u{1b2ff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}|\p{Emoji}\ufe0f)/u

const segmenter = new Intl.Segmenter()

/** What a reader sees as one character, with how many cells of a terminal each takes. */
function cellsOf(text: string): { readonly segment: string; readonly cells: number }[] {
  return Array.from(segmenter.segment(text), ({ segment }) => ({ segment, cells: WIDE.test(segment) ? 2 : 1 }))
}

/** How many cells of a terminal a text takes. */
export function widthOf(text: string): number {
  return cellsOf(text).reduce((sum, { cells }) => sum + cells, 0)
}

/** The text with blanks after it, up to `width` cells. */
export function padded(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)))
}

/** The text in at most `width` cells. `…` stands for what is cut off. */
export function clipped(text: string, width: number): string {
  if (widthOf(text) <= width) return text
  let kept = ''
  let left = width - 1
  for (const { segment, cells } of cellsOf(text)) {
    if (cells > left) break
    kept += segment
    left -= cells
  }
  return `${kept}…`
}
