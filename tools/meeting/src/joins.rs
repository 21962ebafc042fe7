//! Participants who leave and join again while somebody talks: the time from the join to the first frame that is heard.

use anyhow::{Result, ensure};
use tokio::time::sleep;

use crate::{
    group::Group,
    network::Shape,
    participant::{Order, PATIENCE, Talk},
    sound::FRAME,
};

/// The frames between two joins.
const FRAMES: u32 = 150;

/// Lets so many participants leave and join again, one after the other.
pub(crate) async fn run(group: &Group, count: usize) -> Result<()> {
    group.shape(Shape::default());
    let speaker = group.admin()?;
    let leavers = group.members.iter().skip(1).cycle().take(count);
    for member in leavers {
        member.order(Order::Leave).await?;
        let turn = group.record.begin(speaker.number, FRAMES);
        let talk = Talk {
            turn,
            frames: FRAMES,
            in_packet: 1,
        };
        speaker.order(Order::Talk(talk)).await?;
        member.join_again(true).await?;
        member.until_settled(PATIENCE).await?;
        sleep(FRAME * FRAMES).await;
        ensure!(member.state().opened > 0, "{} hears nothing", member.number);
    }
    Ok(())
}
