/** Folds of events with a unique shape. */

import { append, appended, lengthOf, replace } from './growing-text.ts'
import { placesMade, type Row } from './growth.ts'
import { copyOf, isIndex, isLoose, type Loose, listIn, nextPlaceIn, objectAt, objectIn, placeIn } from './json.ts'

export function addAnnotation(item: Loose, event: Loose): number {
  if (!isLoose(event.annotation)) return 0
  const blank = () => ({ type: 'output_text', text: '', annotations: [] })
  const content = listIn(item, 'content')
  const parts = content.length
  const annotations = listIn(objectAt(content, event.content_index, blank), 'annotations')
  const places = annotations.length
  const tally = { size: 0 }
  annotations[nextPlaceIn(annotations, event.annotation_index)] = copyOf(event.annotation, tally)
  return tally.size + placesMade(content, parts) + placesMade(annotations, places)
}

/** Only the last one is kept: each is a whole image that replaces the previous one. */
export function keepPartialImage(item: Loose, event: Loose): number {
  if (typeof event.partial_image_b64 !== 'string') return 0
  if (isIndex(event.partial_image_index)) item.partial_image_index = event.partial_image_index
  return replace(item, 'partial_image_b64', event.partial_image_b64)
}

export function setCommand(item: Loose, event: Loose): number {
  if (typeof event.command !== 'string') return 0
  const commands = listIn(objectIn(item, 'action'), 'commands')
  const places = commands.length
  const place = placeIn(commands, event.command_index)
  const grown = event.command.length - lengthOf(commands[place])
  commands[place] = event.command
  return grown + placesMade(commands, places)
}

export function growCommand(item: Loose, event: Loose): number {
  if (typeof event.delta !== 'string') return 0
  const commands = listIn(objectIn(item, 'action'), 'commands')
  const places = commands.length
  const place = placeIn(commands, event.command_index)
  commands[place] = appended(commands[place], event.delta)
  return event.delta.length + placesMade(commands, places)
}

export function growShellOutput(item: Loose, { command_index, delta }: Loose): number {
  if (!isLoose(delta)) return 0
  const outputs = listIn(item, 'output')
  const places = outputs.length
  const at = objectAt(outputs, command_index, () => ({ stdout: '', stderr: '' }))
  return append(at, 'stdout', delta.stdout) + append(at, 'stderr', delta.stderr) + placesMade(outputs, places)
}

/** `output` is a list, although it belongs to one command. */
export function setShellOutput(item: Loose, { command_index, output }: Loose): number {
  if (!Array.isArray(output)) return 0
  const outputs = listIn(item, 'output')
  const places = outputs.length
  const place = placeIn(outputs, command_index)
  const own: unknown = output.length > 1 ? (output[place] ?? output.at(-1)) : output[0]
  if (!isLoose(own)) return 0
  const tally = { size: 0 }
  const known = outputs[place]
  outputs[place] = copyOf(own, tally)
  const replaced = isLoose(known) ? lengthOf(known.stdout) + lengthOf(known.stderr) : 0
  return tally.size - replaced + placesMade(outputs, places)
}

/** Audio events name no item and no part: they belong to the running message. */
export function audio(key: 'data' | 'transcript'): Row {
  const fold = (item: Loose, event: Loose): number => {
    const content = listIn(item, 'content')
    const places = content.length
    const at = audioIn(content)
    return append(at, key, event.delta) + placesMade(content, places)
  }
  return { itemType: 'message', fold }
}

/** The index of the audio in the parts of a message. Cached, because an endpoint decides how many parts there are. */
const audioPlaces = new WeakMap<object, number>()

function audioIn(content: unknown[]): Loose {
  const place = audioPlaces.get(content) ?? content.findLastIndex(isAudio)
  const known = content[place]
  if (isAudio(known)) {
    audioPlaces.set(content, place)
    return known
  }
  const made = { type: 'output_audio', data: '', transcript: '' }
  audioPlaces.set(content, content.push(made) - 1)
  return made
}

function isAudio(part: unknown): part is Loose {
  return isLoose(part) && part.type === 'output_audio'
}
