"""Forms that follow one relation, or ask whether there is one, or what it says itself."""

from __future__ import annotations

from expertkit.data.cypher.forms.template import make_form

HOPS = (
    make_form(
        "hop-both",
        "MATCH (a:{a})-[:{rel}]->(b:{b}) RETURN a.{a_col}, b.{b_col}",
        "@show the {a_col} of [each|every] {a} and the {b_col} of [each|every] {b} it {rel}",
        "for [each|every] {a} and [each|every] {b} it {rel} @show the {a_col} and the {b_col}",
        "what is the {a_col} of [each|every] {a} and the {b_col} of [each|every] {b} it {rel}?",
    ),
    make_form(
        "hop-out",
        "MATCH (a:{a} {{{a_text}: '{value}'}})-[:{rel}]->(b:{b}) RETURN b.{b_col}",
        "@show the {b_col} of [each|every] {b} that @any {a} with {a_text} {value} {rel}",
        "which {b_col} belongs to [each|every] {b} that @any {a} with {a_text} {value} {rel}?",
        "for @any {a} with {a_text} {value} @show the {b_col} of [each|every] {b} it {rel}",
    ),
    make_form(
        "hop-in",
        "MATCH (a:{a})-[:{rel}]->(b:{b} {{{b_text}: '{value}'}}) RETURN a.{a_col}",
        "@show the {a_col} of [each|every] {a} that {rel} @any {b} with {b_text} {value}",
        "which {a_col} belongs to [each|every] {a} that {rel} @any {b} with {b_text} {value}?",
        "for [each|every] {a} that {rel} @any {b} with {b_text} {value} @show the {a_col}",
    ),
    make_form(
        "hop-greater",
        "MATCH (a:{a})-[:{rel}]->(b:{b}) WHERE b.{b_num} > {bound} RETURN a.{a_col}",
        "@show the {a_col} of [each|every] {a} that {rel} @any {b} with {b_num} @over {bound}",
        "which {a_col} belongs to [each|every] {a} that {rel} @any {b} with {b_num} @over {bound}?",
        "for [each|every] {a} that {rel} @any {b} with {b_num} @over {bound} @show the {a_col}",
    ),
    make_form(
        "hop-count",
        "MATCH (a:{a})-[:{rel}]->(b:{b}) RETURN a.{a_text}, COUNT(*)",
        "@show each {a} {a_text} with the number of {b} nodes it {rel}",
        "how many {b} nodes are there that any {a} {rel} @per {a_text}?",
        "for each {a} {a_text} @show how many {b} nodes it {rel}",
    ),
    make_form(
        "hop-sum",
        "MATCH (a:{a})-[:{rel}]->(b:{b}) RETURN a.{a_text}, SUM(b.{b_num})",
        "@show each {a} {a_text} with the @added {b_num} of the {b} nodes it {rel}",
        "what is the @added {b_num} of the {b} nodes that any {a} {rel} @per {a_text}?",
        "for each {a} {a_text} @show the @added {b_num} of the {b} nodes it {rel}",
    ),
    make_form(
        "with-count",
        "MATCH (a:{a})-[:{rel}]->(b:{b}) WITH a, COUNT(b) AS n WHERE n > {times} RETURN a.{a_col}",
        "@show the {a_col} of [each|every] {a} that {rel} more than {times} {b} nodes",
        "which {a_col} belongs to [each|every] {a} that {rel} more than {times} {b} nodes?",
        "for [each|every] {a} that {rel} more than {times} {b} nodes @show the {a_col}",
    ),
    make_form(
        "with-average",
        "MATCH (a:{a})-[:{rel}]->(b:{b}) WITH a, AVG(b.{b_num}) AS n WHERE n > {bound} RETURN a.{a_col}",
        "@show the {a_col} of [each|every] {a} that {rel} {b} nodes with @average {b_num} @over {bound}",
        "which {a_col} belongs to [each|every] {a} that {rel} {b} nodes with @average {b_num} @over {bound}?",
        "for [each|every] {a} that {rel} {b} nodes with @average {b_num} @over {bound} @show the {a_col}",
    ),
)
OPTIONS = (
    make_form(
        "optional",
        "MATCH (a:{a}) OPTIONAL MATCH (a)-[:{rel}]->(b:{b}) RETURN a.{a_col}, b.{b_col}",
        "@show the {a_col} of @nodes and the {b_col} of [each|every] {b} it {rel} if any",
        "for @nodes @show the {a_col} and if it {rel} any {b} the {b_col}",
        "what is the {a_col} of @nodes and the {b_col} of [each|every] {b} it {rel} if any?",
    ),
    make_form(
        "optional-count",
        "MATCH (a:{a}) OPTIONAL MATCH (a)-[:{rel}]->(b:{b}) RETURN a.{a_text}, COUNT(b)",
        "@show each {a} {a_text} with the number of {b} nodes it {rel} even if zero",
        "how many {b} nodes are there that any {a} {rel} @per {a_text} even if zero?",
        "for each {a} {a_text} @show how many {b} nodes it {rel} even if zero",
    ),
    make_form(
        "exists",
        "MATCH (a:{a}) WHERE EXISTS {{ MATCH (a)-[:{rel}]->(:{b}) }} RETURN a.{a_col}",
        "@show the {a_col} of [each|every] {a} that {rel} at least one {b}",
        "which {a_col} belongs to [each|every] {a} that {rel} at least one {b}?",
        "for [each|every] {a} that {rel} at least one {b} @show the {a_col}",
    ),
    make_form(
        "not-exists",
        "MATCH (a:{a}) WHERE NOT EXISTS {{ MATCH (a)-[:{rel}]->(:{b}) }} RETURN a.{a_col}",
        "@show the {a_col} of [each|every] {a} that {rel} no {b}",
        "which {a_col} belongs to [each|every] {a} that [{rel} no|never {rel} any] {b}?",
        "for [each|every] {a} that [{rel} no|never {rel} any] {b} @show the {a_col}",
    ),
)
RELATIONS = (
    make_form(
        "relation-property",
        "MATCH (a:{a})-[r:{rel}]->(b:{b}) RETURN b.{b_col}, r.{r_col}",
        "@show the {b_col} of [each|every] {b} that any {a} {rel} and the {rel} {r_col}",
        "for [each|every] {b} that any {a} {rel} @show the {b_col} and the {rel} {r_col}",
        "what is the {b_col} of [each|every] {b} that any {a} {rel} and the {rel} {r_col}?",
    ),
    make_form(
        "relation-greater",
        "MATCH (a:{a})-[r:{rel}]->(b:{b}) WHERE r.{r_num} > {bound} RETURN a.{a_col}",
        "@show the {a_col} of [each|every] {a} that {rel} @any {b} with {rel} {r_num} @over {bound}",
        "which {a_col} belongs to [each|every] {a} that {rel} @any {b} with {rel} {r_num} @over {bound}?",
        "for [each|every] {a} that {rel} @any {b} with {rel} {r_num} @over {bound} @show the {a_col}",
    ),
    make_form(
        "relation-sum",
        "MATCH (a:{a})-[r:{rel}]->(b:{b}) RETURN a.{a_text}, SUM(r.{r_num})",
        "@show each {a} {a_text} with the @added {rel} {r_num} of any {b}",
        "what is the @added {rel} {r_num} of any {b} @per {a} {a_text}?",
        "for each {a} {a_text} @show the @added {rel} {r_num} of any {b}",
    ),
    make_form(
        "relation-top",
        "MATCH (a:{a})-[r:{rel}]->(b:{b}) RETURN b.{b_col} ORDER BY r.{r_num} DESC LIMIT {count}",
        "@show the {b_col} of the {count} {b} nodes that any {a} {rel} with the @highest {rel} {r_num}",
        "which {b_col} do the {count} {b} nodes have that any {a} {rel} with the @highest {rel} {r_num}?",
        "for the {count} {b} nodes that any {a} {rel} with the @highest {rel} {r_num} @show the {b_col}",
    ),
)
