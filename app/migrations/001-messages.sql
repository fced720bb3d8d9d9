-- The guestbook. "IF NOT EXISTS": a machine that dies between this statement and the note in schema_migrations runs it again.
CREATE TABLE IF NOT EXISTS messages (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  -- Chosen by whoever writes; unique, so that a write that is repeated after a broken connection can't be stored twice.
  token CHAR(36) CHARACTER SET ascii COLLATE ascii_general_ci NOT NULL,
  name VARCHAR(40) NOT NULL,
  message VARCHAR(500) NOT NULL,
  -- The web server that wrote the entry.
  web_server VARCHAR(64) NOT NULL,
  -- UTC
  created_at DATETIME(3) NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY messages_token (token),
  KEY messages_created_at (created_at)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_ai_ci;
