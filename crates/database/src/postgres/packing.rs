//! Small content that waits, and the objects it is moved to.

use async_trait::async_trait;
use bytes::Bytes;
use strongroom_kernel::ports::{
    ContentEntry, ContentKey, ObjectState, PackMove, PackObject, Packing, Place, PortError, PortErrorKind,
    Waiting,
};
use strongroom_model::{Digest, Domain, Timestamp};
use tokio_postgres::{Row, error::SqlState};

use crate::number::{limit as as_limit, signed, time, unsigned};

use super::{
    Postgres,
    error::{failed, port_error},
    read,
};

// without bytes there is nothing to move; counting is bounded, since a database of before may have millions
const WAITING: &str = "SELECT COUNT(*), COALESCE(SUM(length), 0)::bigint FROM \
    (SELECT octet_length(payload) AS length FROM kernel_small_content WHERE octet_length(payload) > 0 LIMIT 65536) AS w";
const CONTENTS: &str = "SELECT domain, digest, payload FROM kernel_small_content \
    WHERE (domain, digest) > ($1, $2) AND octet_length(payload) > 0 ORDER BY domain, digest LIMIT $3";
const NEXT: &str = "SELECT nextval('kernel_object_number')";
const BEGIN: &str = "INSERT INTO kernel_object (number, digest, size, payload, live, state) \
    VALUES ($1, $2, $3, $4, 0, 0)";
/// `from` is the number of an object, or -1 for the database.
const FILL: &str = "WITH asked AS (SELECT * FROM unnest($2::text[], $3::bytea[], $4::bigint[], $5::bigint[], \
        $6::bigint[], $7::bigint[]) AS m (domain, digest, offs, length, source, source_offs) \
        WHERE EXISTS (SELECT FROM kernel_object WHERE number = $1 AND state < 2)), \
    moved AS (UPDATE kernel_content AS c \
        SET place = 3, pack = $1, pack_offset = m.offs, pack_length = m.length FROM asked AS m \
        WHERE c.domain = m.domain AND c.digest = m.digest AND CASE WHEN m.source < 0 THEN c.place = 2 \
            ELSE c.place = 3 AND c.pack = m.source AND c.pack_offset = m.source_offs END \
        RETURNING c.domain, c.digest, c.pack_length AS length, m.source), \
    taken AS (DELETE FROM kernel_small_content AS s USING moved AS m \
        WHERE m.source < 0 AND s.domain = m.domain AND s.digest = m.digest), \
    dead AS (UPDATE kernel_object AS o SET live = o.live - d.length FROM \
        (SELECT source, SUM(length)::bigint AS length FROM moved WHERE source >= 0 GROUP BY source) AS d \
        WHERE o.number = d.source AND o.number <> $1), \
    total AS (SELECT COUNT(*) AS contents, COALESCE(SUM(length), 0)::bigint AS bytes FROM moved) \
    UPDATE kernel_object AS o SET state = 1, live = o.live + t.bytes FROM total AS t \
    WHERE o.number = $1 AND o.state < 2 RETURNING t.contents, t.bytes";
const OBJECTS: &str = "SELECT number, digest, size, payload, live, state, condemned FROM kernel_object \
    WHERE number > $1 ORDER BY number LIMIT $2";
const CONDEMN: &str = "UPDATE kernel_object AS o SET state = 2, condemned = $1 \
    WHERE (o.state = 0 OR o.state = 1 AND o.live = 0) \
    AND NOT EXISTS (SELECT FROM kernel_content WHERE place = 3 AND pack = o.number)";
const FORGET: &str = "DELETE FROM kernel_object WHERE number = $1 AND state = 2";
const KNOWS: &str = "SELECT EXISTS (SELECT FROM kernel_object WHERE digest = $1)";

#[async_trait]
impl Packing for Postgres {
    async fn waiting(&self) -> Result<Waiting, PortError> {
        let client = self.readers.get().await?;
        let row = read::first(&client, WAITING, &[], "count small content").await?;
        let row = row.ok_or_else(|| PortError::corrupt("a count is missing"))?;
        Ok(Waiting {
            contents: unsigned(read::get(&row, 0)?, "a number of contents")?,
            bytes: unsigned(read::get(&row, 1)?, "a number of bytes")?,
        })
    }

    async fn waiting_contents(
        &self,
        after: Option<&ContentKey>,
        limit: usize,
    ) -> Result<Vec<(ContentKey, Bytes)>, PortError> {
        // no domain is empty, so that nothing comes before or at ('', '')
        let (domain, digest): (&str, &[u8]) =
            after.map_or(("", &[]), |after| (after.domain.as_str(), after.digest.as_bytes()));
        let client = self.readers.get().await?;
        let params: [&(dyn tokio_postgres::types::ToSql + Sync); 3] = [&domain, &digest, &as_limit(limit)];
        let rows = read::query(&client, CONTENTS, &params, "read small content").await?;
        rows.iter()
            .map(|row| {
                let domain = Domain::parse(read::get(row, 0)?).map_err(|error| {
                    PortError::corrupt("the domain of a content is malformed").with_source(error)
                })?;
                let key = ContentKey { domain, digest: Digest::from_bytes(read::array(row, 1)?) };
                Ok((key, read::get::<Vec<u8>>(row, 2)?.into()))
            })
            .collect()
    }

    async fn next_object(&self) -> Result<u32, PortError> {
        let mut lent = self.writer().await?;
        let statement = lent.session.statement(NEXT).await?;
        let row = lent.session.client.query_one(&statement, &[]).await;
        let number: i64 = row.and_then(|row| row.try_get(0)).map_err(|error| {
            if error.code() == Some(&SqlState::SEQUENCE_GENERATOR_LIMIT_EXCEEDED) {
                PortError::new(PortErrorKind::Full, "number an object").with_source(error)
            } else {
                port_error("number an object", error)
            }
        })?;
        lent.give_back();
        in_32_bits(number)
    }

    async fn begin_object(&self, object: &PackObject) -> Result<(), PortError> {
        let mut lent = self.writer().await?;
        let statement = lent.session.statement(BEGIN).await?;
        let (digest, size, payload) =
            (&object.digest.as_bytes()[..], signed(object.size), signed(object.payload));
        let begun = lent
            .session
            .client
            .execute(&statement, &[&i64::from(object.number), &digest, &size, &payload])
            .await;
        begun.map_err(failed("begin an object"))?;
        lent.give_back();
        Ok(())
    }

    async fn fill_object(&self, number: u32, moves: &[PackMove]) -> Result<(u64, u64), PortError> {
        let domains: Vec<&str> = moves.iter().map(|one| one.key.domain.as_str()).collect();
        let digests: Vec<&[u8]> = moves.iter().map(|one| &one.key.digest.as_bytes()[..]).collect();
        let offsets: Vec<i64> = moves.iter().map(|one| signed(one.to.offset)).collect();
        let lengths: Vec<i64> = moves.iter().map(|one| one.to.length.into()).collect();
        let (sources, source_offsets): (Vec<i64>, Vec<i64>) = moves
            .iter()
            .map(|one| match one.from {
                Place::Object(from) => Ok((i64::from(from.at.pack), signed(from.at.offset))),
                Place::Database => Ok((-1, -1)),
                Place::Pack(_) | Place::Store => {
                    Err(PortError::refused("only content of the database and of objects is moved"))
                }
            })
            .collect::<Result<Vec<_>, _>>()?
            .into_iter()
            .unzip();
        let failed = failed("move small content to an object");
        // in turn with commits, so that neither waits for rows that the other holds
        let mut lent = self.writer().await?;
        let statement = lent.session.statement(FILL).await?;
        let row = lent
            .session
            .client
            .query_opt(
                &statement,
                &[&i64::from(number), &domains, &digests, &offsets, &lengths, &sources, &source_offsets],
            )
            .await
            .map_err(&failed)?;
        lent.give_back();
        let row =
            row.ok_or_else(|| PortError::missing(format!("object {number} is not there to be filled")))?;
        let moved =
            |place: usize| unsigned(row.try_get(place).map_err(&failed)?, "a number of what was moved");
        Ok((moved(0)?, moved(1)?))
    }

    async fn packed_contents(&self, number: u32) -> Result<Vec<ContentEntry>, PortError> {
        read::packed(&self.readers.get().await?, number).await
    }

    async fn objects(&self, after: Option<u32>, limit: usize) -> Result<Vec<PackObject>, PortError> {
        let client = self.readers.get().await?;
        let after = after.map_or(-1, i64::from);
        let rows = read::query(&client, OBJECTS, &[&after, &as_limit(limit)], "read objects").await?;
        rows.iter().map(object).collect()
    }

    async fn condemn_objects(&self, now: Timestamp) -> Result<u64, PortError> {
        let mut lent = self.writer().await?;
        let statement = lent.session.statement(CONDEMN).await?;
        let condemned = lent.session.client.execute(&statement, &[&now.micros()]).await;
        let condemned = condemned.map_err(failed("condemn objects"))?;
        lent.give_back();
        Ok(condemned)
    }

    async fn forget_object(&self, number: u32) -> Result<(), PortError> {
        let mut lent = self.writer().await?;
        let statement = lent.session.statement(FORGET).await?;
        let forgotten = lent.session.client.execute(&statement, &[&i64::from(number)]).await;
        forgotten.map_err(failed("forget an object"))?;
        lent.give_back();
        Ok(())
    }

    async fn knows_object(&self, digest: &Digest) -> Result<bool, PortError> {
        let client = self.readers.get().await?;
        let row = read::first(&client, KNOWS, &[&&digest.as_bytes()[..]], "look for an object").await?;
        row.map_or(Ok(false), |row| read::get(&row, 0))
    }
}

fn object(row: &Row) -> Result<PackObject, PortError> {
    let state = match read::get::<i64>(row, 5)? {
        0 => ObjectState::Begun,
        1 => ObjectState::Filled,
        2 => ObjectState::Condemned(time(read::get::<Option<i64>>(row, 6)?.unwrap_or_default())?),
        other => return Err(PortError::corrupt(format!("the state of an object is {other}"))),
    };
    Ok(PackObject {
        number: in_32_bits(read::get(row, 0)?)?,
        digest: Digest::from_bytes(read::array(row, 1)?),
        size: unsigned(read::get(row, 2)?, "the size of an object")?,
        payload: unsigned(read::get(row, 3)?, "the payload of an object")?,
        live: unsigned(read::get(row, 4)?, "what is live in an object")?,
        state,
    })
}

fn in_32_bits(number: i64) -> Result<u32, PortError> {
    u32::try_from(number)
        .map_err(|error| PortError::corrupt("the number of an object is out of range").with_source(error))
}
