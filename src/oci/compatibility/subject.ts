/** An opened image as something to judge: its module when there is one, the reason when there is none, and how to repack it. */
import type { CheckedSubject } from './check-image.ts';
import type { ImageSource } from '../source.ts';
import { isContentFault } from '../read/read-layer.ts';
import { type ReadImage, readImage } from '../read/read-image.ts';

export interface ImageSubject {
  readonly subject: CheckedSubject;
  /** undefined when it holds no module that could be read. */
  readonly read: ReadImage | undefined;
}

/** Fails only when the image cannot be fetched; what is wrong with its content is for the verdict. */
export async function subjectOf({
  name,
  image,
  place,
}: Pick<ImageSource, 'name' | 'image' | 'place'>): Promise<ImageSubject> {
  const repack = (layout: string): string =>
    `wasme convert ${name} --layout ${layout}${place === 'registry' ? ' --push' : ''}`;
  try {
    const read = await readImage(image);
    return { read, subject: { name, image, repack, module: read.module } };
  } catch (error) {
    if (!isContentFault(error)) throw error;
    return {
      read: undefined,
      subject: { name, image, repack, module: undefined, unreadable: error.message },
    };
  }
}
