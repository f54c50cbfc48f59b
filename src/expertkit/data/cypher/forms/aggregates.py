"""Forms that summarize the nodes of one label, as a whole or by group."""

from __future__ import annotations

from expertkit.data.cypher.forms.template import make_form

AGGREGATES = (
    make_form(
        "count-all",
        "MATCH (a:{a}) RETURN COUNT(*)",
        "how many {a} nodes [are there|exist|do we have]?",
        "count [all|all the|the] {a} nodes",
        "what is the number of {a} nodes?",
        "@show the number of {a} nodes [there are|we have|that exist]",
    ),
    make_form(
        "count-equal",
        "MATCH (a:{a} {{{a_text}: '{value}'}}) RETURN COUNT(*)",
        "how many {a} nodes have {a_text} {value}?",
        "count the {a} nodes @where {value}",
        "what is the number of {a} nodes @where {value}?",
        "@show the number of {a} nodes @where {value}",
    ),
    make_form(
        "sum",
        "MATCH (a:{a}) RETURN SUM(a.{a_num})",
        "what is the @added {a_num} of @all?",
        "@show the @added {a_num} of @all",
        "add up the {a_num} of @all",
        "what does the {a_num} of @all add up to?",
    ),
    make_form(
        "average",
        "MATCH (a:{a}) RETURN AVG(a.{a_num})",
        "what is the @average {a_num} of @all?",
        "@show the @average {a_num} of @all",
        "@average {a_num} of @all",
        "what is {a_num} on average among @all?",
    ),
    make_form(
        "maximum",
        "MATCH (a:{a}) RETURN MAX(a.{a_num})",
        "what is the @highest {a_num} of @all?",
        "@show the @highest {a_num} of @all",
        "@highest {a_num} among @all",
        "which {a_num} is the @highest among @all?",
    ),
    make_form(
        "minimum",
        "MATCH (a:{a}) RETURN MIN(a.{a_num})",
        "what is the @lowest {a_num} of @all?",
        "@show the @lowest {a_num} of @all",
        "@lowest {a_num} among @all",
        "which {a_num} is the @lowest among @all?",
    ),
)
GROUPS = (
    make_form(
        "group-count",
        "MATCH (a:{a}) RETURN a.{a_text}, COUNT(*)",
        "how many {a} nodes are there @per {a_text}?",
        "count the {a} nodes @per {a_text}",
        "@show each {a_text} with its number of {a} nodes",
        "for each {a_text} @show how many {a} nodes there are",
    ),
    make_form(
        "group-having",
        "MATCH (a:{a}) WITH a.{a_text} AS t, COUNT(*) AS n WHERE n > {times} RETURN t",
        "which {a_text} values [occur|appear] more than {times} times among @all?",
        "@show each {a_text} with more than {times} {a} nodes",
        "@show each {a_text} that more than {times} {a} nodes have",
        "which {a_text} values do more than {times} {a} nodes [have|share]?",
    ),
    make_form(
        "group-top",
        "MATCH (a:{a}) RETURN a.{a_text}, COUNT(*) AS n ORDER BY n DESC LIMIT 1",
        "which {a_text} is the most [common|frequent] among @all and how often?",
        "@show the {a_text} with the most {a} nodes and their number",
        "what is the most [common|frequent] {a_text} of @all and how often is it?",
        "which {a_text} do the most {a} nodes have and how many have it?",
    ),
)
