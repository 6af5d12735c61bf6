-- Objects of the content store in which small contents are that came out of kernel_small_content: kernel_content has
-- place 3 for these, and pack is the number of the object. No expansion: older programs do not know that place.
-- state: 0 begun, 1 filled, 2 condemned at that time. payload: bytes of all contents in it; live: of those, the bytes
-- of contents that are still at it.
CREATE TABLE kernel_object (
    number BIGINT PRIMARY KEY,
    digest BYTEA NOT NULL UNIQUE,
    size BIGINT NOT NULL,
    payload BIGINT NOT NULL,
    live BIGINT NOT NULL,
    state BIGINT NOT NULL,
    condemned BIGINT
);
CREATE INDEX kernel_object_empty ON kernel_object (number) WHERE state = 0 OR state = 1 AND live = 0;
CREATE SEQUENCE kernel_object_number AS BIGINT MINVALUE 0 MAXVALUE 4294967295;
CREATE INDEX kernel_content_object ON kernel_content (pack, pack_offset) WHERE place = 3;
