export const up = (pgm) => {
  pgm.noTransaction();
  pgm.createIndex("message_queue", "langgraph_thread_id", {
    name: "idx_langgraph_thread",
    where: "langgraph_thread_id IS NOT NULL",
    concurrently: true,
    ifNotExists: true,
  });
};
