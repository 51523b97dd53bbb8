export const up = (pgm) => {
  pgm.addColumns(
    "message_queue",
    {
      langgraph_thread_id: { type: "varchar(255)" },
      langgraph_run_id: { type: "varchar(255)" },
      workflow_state: { type: "jsonb" },
    },
    { ifNotExists: true },
  );
};
