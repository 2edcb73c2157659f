.venv/bin/syllabus inspect quickstart/run --sql "SELECT bucket, drop_reason, count(*) AS documents, sum(n_tokens) AS tokens FROM selection GROUP BY ALL ORDER BY ALL"
.venv/bin/syllabus inspect quickstart/run --sql "SELECT id, verdict, rule, item_id, segment FROM contamination WHERE verdict <> 'clean' ORDER BY id"
.venv/bin/syllabus inspect quickstart/run --sql "SELECT kept_id, count(*) AS copies, min(similarity) AS least_similar FROM duplicates WHERE is_duplicate GROUP BY kept_id ORDER BY copies DESC, kept_id LIMIT 5"
