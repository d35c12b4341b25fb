/**
 * What an item takes on the disk besides its bytes: a folder, a story, the last block of the file. Without it, two gigabytes
 * would be two thousand million files of one byte.
 */
export const ITEM_COST_BYTES: number = 12 * 1024;

/** A story that outlived its bytes goes on taking its part of the disk. */
export const STORY_COST_BYTES: number = 8 * 1024;
