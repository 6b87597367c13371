//! The chat's topic, in memory.
//!
//! **Invariants.** It fails as the mailing list does: both are `Publish`.

use super::Memory;
use crate::PortError;
use crate::port::Topic;

impl Memory {
    /// What was said in the chat.
    pub fn chats(&self) -> Vec<String> {
        self.state().chats.clone()
    }
}

/// The chat's topic of a world.
pub struct Chat<'a>(pub &'a Memory);

impl Topic for Chat<'_> {
    async fn publish(&self, _subject: &str, body: &str) -> Result<String, PortError> {
        self.0
            .call("sns", "Publish", |state| {
                state.chats.push(body.to_owned());
                Ok(format!("chat-{}", state.chats.len()))
            })
            .await
    }
}
