/** Whether a directory row is shown to the actor that is bound; nobody's id is the empty one. */
export const isVisible =
  "(COALESCE(visibility, 'public') = 'public' OR EXISTS (SELECT 1 FROM json_each(readerIds) AS reader WHERE reader.value = ?))";
