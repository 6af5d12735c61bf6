//! How fast it is: printed, never judged.

use std::time::Instant;

use strongroom_kernel::ports::Sink;

use super::broker::{Broker, event, soon};

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_events_arrive() {
    let Some(broker) = Broker::for_test("throughput").await else { return };
    let sink = broker.sink();
    let all: Vec<_> = (0..10_000).map(|offset| event(offset, vec![b'x'; 1_024])).collect();
    let begin = Instant::now();
    for batch in all.chunks(1_000) {
        soon(sink.deliver(batch)).await.expect("deliver");
    }
    let batched = begin.elapsed();
    assert_eq!(broker.ready().await, 10_000);
    broker.purge().await;
    let begin = Instant::now();
    for single in all[..200].chunks(1) {
        soon(sink.deliver(single)).await.expect("deliver");
    }
    let single = begin.elapsed();
    println!("10,000 events of 1 KiB in batches of 1,000: {batched:?}; 200 alone: {single:?}");
    broker.done().await;
}
