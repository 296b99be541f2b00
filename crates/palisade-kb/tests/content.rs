use palisade_kb::KnowledgeBase;

#[test]
fn every_example_of_every_file_is_judged_as_it_says() {
    let knowledge_base = KnowledgeBase::embedded().unwrap();
    let failures = knowledge_base.failing_examples();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
