//! Devices with media of their own at a media server, over sockets.

mod frames;
mod meeting;
mod paths;
mod seals;
