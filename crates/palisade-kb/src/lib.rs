//! The KnowledgeBase: what can be wrong, and how it is told from facts.
