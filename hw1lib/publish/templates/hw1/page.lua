--[[
What only the HTML page needs: contents, anchors, files to take away, and regions that scroll.

One file holds everything: page.py writes pictures and packed numbers into it.
]]

local page = {}

local function read(name)
  local file = io.open(name, 'rb')
  if not file then return nil end
  local contents = file:read('a')
  file:close()
  return contents
end

local function raw(text) return pandoc.RawInline('html', text) end

local NO_BREAK = '\u{a0}'

---------------------------------------------------------------------------------------------------
-- Headings and their list

-- One first heading: the title of the report, or else of the chapter that stands alone.
local function shifted(blocks, below)
  local first = true
  return blocks:walk{Header = function(el)
    if not below and first then
      first = false
      return nil
    end
    below = below or el.level == 1
    if below then el.level = math.min(el.level + 1, 6) end
    return el
  end}
end

local function plain(content)
  return content:walk{
    Link = function(el) return el.content end,
    Note = function() return {} end,
    Span = function(el) return el.content end,
  }
end

-- A heading leads to itself: by its number, or by all of it where it has none.
local function anchored(el)
  local number = el.attributes.number
  el.attributes.number = nil
  if number then
    local mark = pandoc.Span(number, {class = 'header-section-number'})
    local link = pandoc.Link({mark}, '#' .. el.identifier, '', {class = 'anchor'})
    el.content = pandoc.Inlines{link, pandoc.Space()} .. el.content
  elseif el.identifier ~= '' then
    el.content = {pandoc.Link(plain(el.content), '#' .. el.identifier, '', {class = 'anchor'})}
  end
  return el
end

-- Chapters and sections: the headings of the second and third level, in order.
local function contents(blocks)
  local chapters = pandoc.List{}
  blocks:walk{Header = function(el)
    if el.identifier == '' or el.level < 2 or el.level > 3 then return end
    local content = plain(el.content)
    if el.attributes.number then
      local number = pandoc.Span(el.attributes.number, {class = 'toc-section-number'})
      content = pandoc.Inlines{number, pandoc.Space()} .. content
    end
    local entry = {pandoc.Link(content, '#' .. el.identifier)}
    if el.level == 2 or #chapters == 0 then
      chapters:insert(pandoc.Blocks{pandoc.Plain(entry)})
    elseif #chapters[#chapters] == 1 then
      chapters[#chapters]:insert(pandoc.BulletList{{pandoc.Plain(entry)}})
    else
      chapters[#chapters][2].content:insert({pandoc.Plain(entry)})
    end
  end}
  return #chapters > 0 and pandoc.BulletList(chapters)
end

---------------------------------------------------------------------------------------------------
-- Figures and tables

-- Where Python writes a file into the page: much faster than pandoc, and shorter (see page.py).
local function written_in(name) return 'data:image/x,' .. name end

-- Its size stands beside it, so that nothing moves when it is loaded.
local function image(el)
  local contents = read(el.src)
  if not contents then return nil end
  local size = pandoc.image.size(contents)
  -- pandoc reads inches off the points of an SVG, and a page has 96 dots in one
  local scale = el.src:find('%.svg$') and size and 96 / size.dpi_horz or 1
  local asked = el.attributes.width
  local pixels = asked and tonumber(asked:match('^([%d.]+)px$'))
  if size and (pixels or not asked) then
    local width = pixels or size.width * scale
    el.attributes.width = tostring(math.floor(width + 0.5))
    el.attributes.height = tostring(math.floor(width * size.height / size.width + 0.5))
  end
  el.attributes.loading = 'lazy'
  el.src = written_in(el.src)
  return el
end

-- The numbers behind it; without a script they are taken as they are packed.
local function numbers(id)
  local name = 'data/' .. id .. '.csv.gz'
  if not read(name) then return nil end
  local title = read('data/' .. id .. '.txt') or 'the numbers behind it'
  return pandoc.Link('CSV', written_in(name), title, {class = 'csv', download = id .. '.csv.gz'})
end

local function files(id, is_figure)
  local links = pandoc.List{}
  -- the picture itself, which a script hands out; the page holds it once
  if is_figure then links:insert(raw('<a class="svg" download="' .. id .. '.svg" hidden>SVG</a>')) end
  local csv = numbers(id)
  if csv then links:insert(csv) end
  if #links == 0 then return nil end
  return pandoc.Span(links, {class = 'files'})
end

local function figure(el)
  local last = el.caption.long[#el.caption.long]
  local links = el.identifier ~= '' and files(el.identifier, true)
  if last and links then last.content:insert(links) end
  return el
end

-- letters from which a cell is a sentence, or a part of one; and up to which it is one word
local LONG, SHORT, WORD = 44, 18, 14

local function cells_of(rows)
  for _, row in ipairs(rows) do
    for _, cell in ipairs(row.cells) do
      local length = #pandoc.utils.stringify(cell.contents)
      local class = length > LONG and 'long' or length > SHORT and 'short'
        or length <= WORD and 'whole'
      if class then cell.attr.classes:insert(class) end
    end
  end
end

-- What scrolls sideways if it must, within reach of the keyboard. Only tables are regions of the
-- page, which readers list by their names.
local function scrolls(classes, role, name)
  -- in this order: a table of Lua's has none, and the same report would have other bytes
  return pandoc.Attr('', classes, {
    {'role', role}, {'tabindex', '0'}, {'aria-label', name},
  })
end

local unnamed = 0

-- Its caption stays as wide as the screen.

local function table_(el, name)
  cells_of(el.head.rows)
  for _, body in ipairs(el.bodies) do cells_of(body.body) end
  local caption = el.caption.long[1]
  if caption then
    local links = el.identifier ~= '' and files(el.identifier, false)
    local text = caption.content
    if links then text:extend{pandoc.Space(), links} end
    caption.content = {pandoc.Span(text, {class = 'caption'})}
    el.caption.long = {caption}
  end
  if not name then
    unnamed = unnamed + 1
    name = 'Table without number, ' .. unnamed
  end
  return pandoc.Div({el}, scrolls(#el.colspecs > 6 and {'table', 'many'} or {'table'}, 'region', name))
end

---------------------------------------------------------------------------------------------------
-- Text

local function formula(el)
  if el.mathtype ~= 'DisplayMath' then return nil end
  return pandoc.Span({el}, scrolls({'formula'}, 'group', 'Formula'))
end

-- No line ends inside [0.1, 0.2] pp, n = 20 or 95 %.
local SIGNS = {['='] = true, ['<'] = true, ['×'] = true}

local function belong_together(before, after)
  local interval = before:find('^%(?%[[^%]]*,$') and after:find('^[^%[]*%]')
  return before ~= '' and (interval or SIGNS[before] or after == '=' or after == '<'
    or after == 'pp' or after:find('^%%'))
end

local function joined(inlines)
  local function text(i) return inlines[i] and inlines[i].t == 'Str' and inlines[i].text or '' end
  for i, el in ipairs(inlines) do
    local space = el.t == 'Space' or el.t == 'SoftBreak'
    if space and belong_together(text(i - 1), text(i + 1)) then
      inlines[i] = pandoc.Str(NO_BREAK)
    end
  end
  return inlines
end

-- Nor inside 784-500-10 or CIFAR-10.
local function whole(el)
  if #el.text < 32 and el.text:find('%w%-%w') and el.text:find('%d') then
    return pandoc.Span({el}, {class = 'whole'})
  end
end

local function code(el)
  if #el.text < 32 then el.classes:insert('whole') end
  return el
end

-- What a bibliography says of an entry, shown where it is cited.
local function cited(blocks)
  local entries = {}
  blocks:walk{Div = function(el)
    if el.identifier:find('^ref%-') then
      entries['#' .. el.identifier] = pandoc.utils.stringify(el.content)
    end
  end}
  return blocks:walk{Link = function(el)
    if entries[el.target] then
      el.title = entries[el.target]
      el.classes:insert('citation-link')
      return el
    end
  end}
end

---------------------------------------------------------------------------------------------------

-- Turn a document into a page.
--   names  what readers call a table, by its id
function page.finish(doc, names)
  local blocks = cited(shifted(doc.blocks, doc.meta.title ~= nil))
  doc.meta.contents = contents(blocks) or nil
  blocks = blocks:walk{
    traverse = 'topdown',
    Table = function(el) return table_(el, names[el.identifier]), false end,
  }
  local finishers = {
    Header = anchored, Image = image, Figure = figure, Math = formula, Inlines = joined,
    Code = code, CodeBlock = function(el)
      return pandoc.Div({el}, scrolls({'printed'}, 'group', 'Text as printed'))
    end,
  }
  local abstract = doc.meta.abstract
  if abstract then
    abstract = pandoc.Blocks(abstract)
    doc.meta.abstract = pandoc.MetaBlocks(abstract:walk(finishers):walk{Str = whole})
  end
  blocks = blocks:walk(finishers):walk{Str = whole}
  if not doc.meta.title and blocks[1] and blocks[1].t == 'Header' then
    doc.meta.heading = pandoc.MetaBlocks{blocks:remove(1)}
  end
  doc.blocks = blocks
  return doc
end

return page
