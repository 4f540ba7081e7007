/**
 * What the interface log keeps of a text that could not be read and so not be masked: how long it was. Whatever it was,
 * part of an answer that holds a card or somebody's page, nothing of it can leak.
 */
export const unreadable = (text: string): string => (text === '' ? '' : `(${text.length} characters)`);
